import django.db.models.deletion
import mcp_transport.models.server
import mcp_transport.models.session
import mcp_transport.models.stream
import mcp_transport.models.token
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('id', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('hostname', models.CharField(max_length=255)),
                ('pid', models.BigIntegerField()),
                ('started_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-started_at',),
            },
        ),
        migrations.CreateModel(
            name='Call',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('worker', models.CharField(max_length=64)),
                ('sequence', models.BigIntegerField()),
                ('started_at', models.DateTimeField()),
                ('duration_us', models.BigIntegerField(verbose_name='duration (µs)')),
                ('server', models.CharField(max_length=64)),
                ('method', models.TextField()),
                ('kind', models.CharField(blank=True, max_length=16)),
                ('entry', models.TextField(blank=True)),
                ('revision', models.CharField(blank=True, max_length=16)),
                ('transport', models.CharField(blank=True, max_length=32)),
                ('request_id', models.TextField(blank=True)),
                ('session', models.CharField(blank=True, max_length=43)),
                ('principal', models.TextField(blank=True)),
                ('username', models.TextField(blank=True)),
                ('user_id', models.BigIntegerField(blank=True, null=True)),
                ('token_id', models.BigIntegerField(blank=True, null=True)),
                ('client', models.TextField(blank=True)),
                ('outcome', models.CharField(choices=[('ok', 'Answered'), ('tool_error', 'Tool error'), ('error', 'Error'), ('cancelled', 'Cancelled'), ('timeout', 'Timed out'), ('interrupted', 'Interrupted'), ('input_required', 'Asked for input')], max_length=16)),
                ('error_code', models.IntegerField(blank=True, null=True)),
                ('error', models.TextField(blank=True)),
                ('arguments', models.TextField(blank=True)),
                ('result_bytes', models.BigIntegerField(default=0)),
                ('trace_id', models.TextField(blank=True)),
                ('previous_digest', models.CharField(blank=True, max_length=64)),
                ('digest', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'ordering': ('-id',),
                'constraints': [models.UniqueConstraint(fields=('worker', 'sequence'), name='mcp_call_sequence')],
            },
        ),
        migrations.CreateModel(
            name='AuditCheckpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('worker', models.CharField(max_length=64)),
                ('sequence', models.BigIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('is_cut', models.BooleanField(default=False, verbose_name='cut')),
                ('signature', models.CharField(max_length=64)),
            ],
            options={
                'ordering': ('-id',),
                'constraints': [models.UniqueConstraint(fields=('worker', 'sequence'), name='mcp_checkpoint_sequence')],
            },
        ),
        migrations.CreateModel(
            name='Inbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('worker', models.CharField(max_length=64)),
                ('session', models.CharField(blank=True, max_length=43)),
                ('kind', models.CharField(choices=[('answer', 'Answer'), ('cancel', 'Cancel'), ('close', 'Close')], max_length=16)),
                ('key', models.TextField(blank=True)),
                ('payload', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'inbox message',
                'ordering': ('id',),
                'indexes': [models.Index(fields=['worker', 'id'], name='mcp_inbox_worker')],
            },
        ),
        migrations.CreateModel(
            name='Server',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=64, unique=True, validators=[mcp_transport.models.server.validate_slug])),
                ('title', models.CharField(blank=True, max_length=200)),
                ('description', models.TextField(blank=True)),
                ('instructions', models.TextField(blank=True, help_text="What clients' models are told.")),
                ('is_enabled', models.BooleanField(default=True, verbose_name='enabled')),
                ('is_default', models.BooleanField(default=False, help_text='Answers at the path without a slug, too.', verbose_name='default')),
                ('access', models.CharField(choices=[('public', 'Anybody'), ('token', 'Anybody with a token'), ('permission', 'Users with the permission')], default='token', max_length=16)),
                ('permission', models.CharField(blank=True, help_text='As app_label.codename; asked for when access is by permission.', max_length=200, validators=[mcp_transport.models.server.validate_permission])),
                ('offers', models.JSONField(default=mcp_transport.models.server.everything, help_text='A list: "*" for everything, "app_label", or "app_label:entry".', validators=[mcp_transport.models.server.validate_offers])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'ordering': ('slug',),
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('is_default',), name='mcp_one_default_server', violation_error_message='Another server is the default already.'), models.CheckConstraint(condition=models.Q(models.Q(('slug__in', ('docs', 'health', 'healthz', 'messages', 'openapi.json', 'readyz', 'sessions', 'sse', 'stats', 'tools', 'ws')), _negated=True), models.Q(('slug__startswith', '_'), _negated=True)), name='mcp_server_slug_is_free', violation_error_message='This slug is reserved.'), models.CheckConstraint(condition=models.Q(('access', 'permission'), ('permission', ''), _negated=True), name='mcp_server_names_permission', violation_error_message='Access by permission needs the name of one.')],
            },
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('id', models.CharField(default=mcp_transport.models.session.new_session_id, editable=False, max_length=43, primary_key=True, serialize=False)),
                ('owner', models.CharField(max_length=200)),
                ('revision', models.CharField(max_length=16)),
                ('client_name', models.TextField(blank=True)),
                ('client_version', models.TextField(blank=True)),
                ('client_info', models.JSONField(blank=True, default=dict)),
                ('client_capabilities', models.JSONField(blank=True, default=dict)),
                ('is_initialized', models.BooleanField(default=False, verbose_name='initialized')),
                ('log_level', models.CharField(blank=True, max_length=16)),
                ('subscriptions', models.JSONField(blank=True, default=list)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('last_seen_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('close_reason', models.CharField(blank=True, max_length=64)),
                ('server', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to='mcp_transport.server')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-created_at',),
            },
        ),
        migrations.CreateModel(
            name='Stream',
            fields=[
                ('id', models.CharField(default=mcp_transport.models.stream.new_stream_id, editable=False, max_length=22, primary_key=True, serialize=False)),
                ('request_id', models.TextField(blank=True)),
                ('method', models.TextField(blank=True)),
                ('entry', models.TextField(blank=True)),
                ('call', models.JSONField(blank=True, default=dict)),
                ('worker', models.CharField(max_length=64)),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('last_sequence', models.BigIntegerField(default=0)),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='streams', to='mcp_transport.session')),
            ],
            options={
                'ordering': ('-opened_at',),
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.BigIntegerField()),
                ('data', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('stream', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='mcp_transport.stream')),
            ],
            options={
                'ordering': ('stream', 'sequence'),
            },
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('hint', models.CharField(editable=False, max_length=8)),
                ('scopes', models.JSONField(blank=True, default=list, help_text='A list of "tools", "tools:read", "resources", "prompts", "tool:<name>"; empty: everything.', validators=[mcp_transport.models.token.validate_scopes])),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='Empty: never.', null=True)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mcp_tokens', to=settings.AUTH_USER_MODEL)),
                ('servers', models.ManyToManyField(blank=True, help_text='None: every server of the owner.', related_name='tokens', to='mcp_transport.server')),
            ],
            options={
                'ordering': ('-created_at',),
            },
        ),
        migrations.AddField(
            model_name='session',
            name='token',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='sessions', to='mcp_transport.token'),
        ),
        migrations.CreateModel(
            name='EntryOverride',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('tool', 'Tool'), ('resource', 'Resource'), ('template', 'Resource template'), ('prompt', 'Prompt')], default='tool', max_length=16)),
                ('name', models.CharField(help_text="The entry's own name, or the URI of a resource.", max_length=500)),
                ('is_enabled', models.BooleanField(default=True, verbose_name='enabled')),
                ('new_name', models.CharField(blank=True, max_length=128)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('description', models.TextField(blank=True)),
                ('permission', models.CharField(blank=True, max_length=200, validators=[mcp_transport.models.server.validate_permission])),
                ('is_read_only', models.BooleanField(blank=True, null=True, verbose_name='read-only')),
                ('server', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='mcp_transport.server')),
            ],
            options={
                'ordering': ('server', 'kind', 'name'),
                'constraints': [models.UniqueConstraint(fields=('server', 'kind', 'name'), name='mcp_one_override_per_entry')],
            },
        ),
        migrations.AddIndex(
            model_name='stream',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['worker'], name='mcp_open_streams'),
        ),
        migrations.AddIndex(
            model_name='stream',
            index=models.Index(fields=['closed_at'], name='mcp_stream_closed'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(fields=('stream', 'sequence'), name='mcp_event_sequence'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['owner', 'server'], name='mcp_open_sessions'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['last_seen_at'], name='mcp_session_expiry'),
        ),
        migrations.AddIndex(
            model_name='session',
            index=models.Index(fields=['closed_at'], name='mcp_session_closed'),
        ),
    ]
