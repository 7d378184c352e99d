/*
 * Lists and calls the demo's entries with a client of TypeScript's.
 *
 *   node exercise.mjs FOLDER URL CLIENT TRANSPORT REVISION
 *
 * FOLDER has the packages; CLIENT is "sdk" (1), "client" or "client-auto" (2);
 * TRANSPORT is http, sse, ws, remote or remote-sse (through mcp-remote). Reads
 * MCP_TOKEN and prints one line for each check.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, url, kind, transport, revision] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${process.env.MCP_TOKEN}` };
const CHECK_LIMIT = 20_000; // milliseconds
const FORM = { action: "accept", content: { reason: "ordered twice", restock: true } };
const SPEECH = { role: "assistant", model: "a-test-model", content: { type: "text", text: "Buy it, and read it twice." } };
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

const require = createRequire(path.join(folder, "package.json"));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);

// The two generations name the same things differently.
async function generation() {
  if (kind !== "sdk") {
    const all = await import(pathToFileURL(path.join(folder, "node_modules/@modelcontextprotocol/client/dist/index.mjs")).href);
    return { ...all, ask: "elicitation/create", sample: "sampling/createMessage" };
  }
  const names = ["client/index.js", "client/streamableHttp.js", "client/sse.js", "client/websocket.js", "client/stdio.js", "types.js"];
  const modules = await Promise.all(names.map((name) => load(`@modelcontextprotocol/sdk/${name}`)));
  const all = Object.assign({}, ...modules.map((module) => ({ ...module })));
  return { ...all, ask: all.ElicitRequestSchema, sample: all.CreateMessageRequestSchema };
}

async function ticket() {
  const answer = await fetch(`${url}/ws/ticket`, { method: "POST", headers });
  return (await answer.json()).ticket;
}

async function way(mcp, given = headers) {
  if (transport === "http") {
    return new mcp.StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: given } });
  }
  if (transport === "sse") {
    const withHeaders = (at, init) => fetch(at, { ...init, headers: { ...init?.headers, ...given, Accept: "text/event-stream" } });
    return new mcp.SSEClientTransport(new URL(`${url}/sse`), {
      requestInit: { headers: given },
      eventSourceInit: { fetch: withHeaders },
    });
  }
  if (transport === "ws") {
    const socket = new URL(`${url.replace("http", "ws")}/ws`);
    if (given.Authorization) socket.searchParams.set("ticket", await ticket());
    return new mcp.WebSocketClientTransport(socket);
  }
  const program = path.join(folder, "node_modules/mcp-remote/dist/proxy.js");
  const strategy = transport === "remote-sse" ? "sse-only" : "http-first";
  const address = transport === "remote-sse" ? `${url}/sse` : url;
  const args = [program, address, "--transport", strategy];
  if (given.Authorization) args.push("--header", "Authorization:${AUTHORIZATION}");
  const env = { ...process.env, AUTHORIZATION: given.Authorization ?? "", MCP_REMOTE_CONFIG_DIR: path.join(folder, "remote") };
  return new mcp.StdioClientTransport({ command: process.execPath, args, env, stderr: "ignore" });
}

async function connect(mcp, given) {
  const options = { capabilities: { sampling: {}, elicitation: {}, roots: {} } };
  if (kind === "client-auto") options.versionNegotiation = { mode: "auto" };
  const client = new mcp.Client({ name: "exercise", version: "1" }, options);
  client.setRequestHandler(mcp.ask, async () => FORM);
  client.setRequestHandler(mcp.sample, async () => SPEECH);
  const used = await way(mcp, given);
  await client.connect(used);
  return { client, used };
}

const texts = (result) => result.content.filter((block) => block.type === "text").map((block) => block.text).join("");

async function call(on, name, args = {}) {
  const result = await on.client.callTool({ name, arguments: args });
  assert(!result.isError, JSON.stringify(result));
  return result;
}

const checks = {
  async tools_are_listed(on) {
    const names = (await on.client.listTools()).tools.map((tool) => tool.name);
    for (const name of ["echo", "order_book", "take_stock"]) assert(names.includes(name), name);
  },
  async echo(on) {
    assert.equal(texts(await call(on, "echo", { text: "héllo ✓" })), "héllo ✓");
  },
  async structured_result(on) {
    const found = await call(on, "search_books", { words: "Darwin" });
    assert(JSON.stringify(found.structuredContent).includes("origin"));
  },
  async chunks(on) {
    assert.deepEqual(texts(await call(on, "count_down", { start: 3, pause: 0.01 })).split(/\s+/).filter(Boolean), ["3", "2", "1", "0"]);
  },
  async progress(on) {
    const seen = [];
    const params = { name: "take_stock", arguments: { pause: 0.01 } };
    const options = { onprogress: (said) => seen.push(said.progress) };
    const rest = kind === "sdk" ? [undefined, options] : [options];
    const result = await on.client.callTool(params, ...rest);
    assert(!result.isError);
    assert(seen.length >= 3, seen.join());
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  },
  async image(on) {
    const [block] = (await call(on, "draw_shelves")).content;
    assert.equal(block.mimeType, "image/png");
    assert(Buffer.from(block.data, "base64").subarray(0, 4).equals(PNG));
  },
  async tool_error(on) {
    const result = await on.client.callTool({ name: "show_book", arguments: { code: "no-such-book" } });
    assert(result.isError && texts(result).includes("no-such-book"));
  },
  async order_and_cancel(on) {
    const { order } = JSON.parse(texts(await call(on, "order_book", { code: "candle", quantity: 1 })));
    assert.equal(texts(await call(on, "cancel_order", { order })), `Order ${order} is cancelled.`);
  },
  async sampling(on) {
    assert.equal(texts(await call(on, "write_blurb", { code: "candle" })), SPEECH.content.text);
  },
  async resources(on) {
    const listed = (await on.client.listResources()).resources.map((entry) => entry.uri);
    assert(listed.includes("shop://opening-hours"));
    const read = await on.client.readResource({ uri: "shop://books/origin" });
    assert.equal(JSON.parse(read.contents[0].text).code, "origin");
  },
  async prompts(on) {
    const filled = await on.client.getPrompt({ name: "recommend_book", arguments: { genre: "science" } });
    assert(filled.messages[0].content.text.includes("Candle"));
  },
  async completion(on) {
    const ref = { type: "ref/prompt", name: "recommend_book" };
    const found = await on.client.complete({ ref, argument: { name: "genre", value: "sc" } });
    assert.deepEqual(found.completion.values, ["science"]);
  },
  async side_by_side(on) {
    const said = await Promise.all([..."abcdefgh"].map((text) => call(on, "echo", { text })));
    assert.deepEqual(said.map(texts), [..."abcdefgh"]);
  },
};

let isGood = true;
function report(name, error) {
  isGood &&= !error;
  const reason = String(error?.stack ?? error).replace(/\s+/g, " ").slice(0, 600);
  console.log(error ? `  FAIL  ${name}: ${reason}` : `  ok    ${name}`);
}

function limited(promise, what) {
  const late = new Promise((_, refuse) => setTimeout(refuse, CHECK_LIMIT, new Error(`${what} took too long`)).unref());
  return Promise.race([promise, late]);
}

async function attempt(name, action) {
  try {
    await limited(action(), name);
    report(name);
  } catch (error) {
    report(name, error);
  }
}

async function refusal(mcp) {
  const refused = await connect(mcp, {}).then(() => false, () => true);
  assert(refused, "a client without a token got in");
}

const mcp = await generation();
let on;
await attempt("connects", async () => {
  on = await connect(mcp);
});
if (on) {
  await attempt(`negotiates_${revision}`, async () => {
    const found = on.client.getNegotiatedProtocolVersion?.() ?? on.used.protocolVersion ?? on.used._protocolVersion;
    if (found !== undefined) assert.equal(found, revision);
  });
  for (const [name, check] of Object.entries(checks)) await attempt(name, () => check(on));
  if (on.used.terminateSession) await attempt("ends_its_session", () => on.used.terminateSession());
  await limited(on.client.close(), "close").catch(() => {});
}
// mcp-remote would open a browser to log in.
if (!transport.startsWith("remote")) await attempt("refusal_without_token", () => refusal(mcp));
process.exit(isGood ? 0 : 1);
