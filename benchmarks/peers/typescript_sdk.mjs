// The official TypeScript SDK: without sessions at /mcp, with sessions at /session.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import {
    localhostHostValidation,
    localhostOriginValidation,
    NodeStreamableHTTPServerTransport,
    toNodeHandler,
} from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

function build() {
    const server = new McpServer(
        { name: 'benchmark', version: '1' },
        { capabilities: { tools: { listChanged: true } } },
    );
    server.registerTool(
        'echo',
        { description: 'Say the same thing again.', inputSchema: z.object({ text: z.string() }) },
        async ({ text }) => ({ content: [{ type: 'text', text }] }),
    );
    server.registerTool(
        'announce',
        { description: 'Tell who listens that the tools have changed.' },
        async () => {
            handler.notify.toolsChanged();
            return { content: [{ type: 'text', text: 'announced' }] };
        },
    );
    return server;
}

const handler = createMcpHandler(build, { legacy: 'reject', maxSubscriptions: 100000 });
const modern = toNodeHandler(handler);
const sessions = new Map();

async function withSession(request, response) {
    let transport = sessions.get(request.headers['mcp-session-id']);
    if (transport === undefined) {
        transport = new NodeStreamableHTTPServerTransport({
            sessionIdGenerator: () => randomUUID(),
            enableJsonResponse: true,
            onsessioninitialized: (id) => sessions.set(id, transport),
            onsessionclosed: (id) => sessions.delete(id),
        });
        await build().connect(transport);
    }
    await transport.handleRequest(request, response);
}

const validateHost = localhostHostValidation();
const validateOrigin = localhostOriginValidation();

createServer((request, response) => {
    if (!validateHost(request, response) || !validateOrigin(request, response)) return;
    (request.url === '/session' ? withSession : modern)(request, response);
}).listen(Number(process.argv[2]), '127.0.0.1');
