"use strict";

(() => {
  const place = document.getElementById("document");
  const { document: url, csrfHeader, csrfToken } = place.dataset;
  const sameOrigin = (address) => new URL(address, location.href).origin === location.origin;

  SwaggerUIBundle({
    url,
    domNode: place,
    deepLinking: true,
    validatorUrl: null, // nothing is sent anywhere else
    presets: [SwaggerUIBundle.presets.apis],
    requestInterceptor: (request) => {
      if (sameOrigin(request.url)) request.headers[csrfHeader] = csrfToken;
      return request;
    },
  });
})();
