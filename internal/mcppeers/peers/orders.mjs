// Orders for a client; see orders.py, which this is for Node.
import { createInterface } from 'node:readline';

export async function follow(peer) {
  let running, stop;
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    let answer;
    switch (order.do) {
      case 'list':
        answer = { tools: await peer.list() };
        break;
      case 'call':
        answer = await peer.call(order.tool, order.arguments, {});
        break;
      case 'progress': {
        const seen = [];
        answer = await peer.call(order.tool, order.arguments, { onprogress: step => seen.push(step.progress) });
        answer.progress = seen;
        break;
      }
      case 'start': {
        stop = new AbortController();
        const options = { signal: stop.signal };
        if (order.timeout) options.timeout = order.timeout * 1000;
        running = peer.call(order.tool, order.arguments, options)
          .then(value => `answered ${JSON.stringify(value)}`, error => String(error));
        answer = { started: true };
        break;
      }
      case 'cancel':
        stop.abort('told to');
        answer = { ended: await running };
        break;
      case 'wait':
        answer = { ended: await running };
        break;
    }
    console.log(JSON.stringify(answer));
  }
}
