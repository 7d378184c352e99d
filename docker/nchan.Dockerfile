# nginx with Nchan, which holds streams: docs/howto/nchan.md
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends gettext-base libnginx-mod-nchan nginx \
    && rm -rf /var/lib/apt/lists/*

COPY docker/nchan.conf.template /etc/nginx/

# Nobody but the proxy and the site reach its sockets; those of a process that was killed are in the way.
CMD ["sh", "-c", "rm -f /run/nchan/*.sock \
    && envsubst '$NCHAN_SECRET' < /etc/nginx/nchan.conf.template > /run/nchan.conf \
    && exec nginx -c /run/nchan.conf -g 'daemon off; error_log stderr;'"]
