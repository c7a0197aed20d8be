// The client of npm @modelcontextprotocol/client, told what to do. usage: typescript_client.mjs URL; see orders.py
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { follow } from './orders.mjs';

const client = new Client({ name: 'typescript-client', version: '1' });
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2])));
await follow({
  list: async () => (await client.listTools()).tools.map(tool => tool.name),
  call: async (name, args, options) => {
    const answer = await client.callTool({ name, arguments: args }, options);
    const text = answer.content.map(part => part.text ?? '').join('');
    return { structured: answer.structuredContent ?? null, failed: Boolean(answer.isError), text };
  },
});
await client.close();
