// The client of npm @modelcontextprotocol/sdk, told what to do. usage: typescript_sdk.mjs URL; see orders.py
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { follow } from './orders.mjs';

const client = new Client({ name: 'typescript-sdk', version: '1' });
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2])));
await follow({
  list: async () => (await client.listTools()).tools.map(tool => tool.name),
  call: async (name, args, options) => {
    const answer = await client.callTool({ name, arguments: args }, undefined, options);
    const text = answer.content.map(part => part.text ?? '').join('');
    return { structured: answer.structuredContent ?? null, failed: Boolean(answer.isError), text };
  },
});
await client.close();
