#!/usr/bin/env node
// Stands in for `python -m streamlib._subprocess_runner FILE [BEHAVIOUR]`: a client in JavaScript that is as good or as bad as
// a test wants it.
import { connectEndpoint, connectNamed, relayPath } from '@streamlib/host-bridge';

const behaviour = process.argv[5] ?? 'echo';
const schema = { name: 'Number', fields: [{ name: 'value', type: 'Int32' }] };

function ask() {
  const relay = connectNamed(relayPath());
  relay.onControl = (_message, endpoint) => {
    relay.onClose = () => {};
    relay.close();
    if (endpoint === null) setImmediate(ask);
    else use(endpoint);
  };
  relay.start();
  relay.sendControl({ type: 'get_endpoint', connection_id: process.env.STREAMLIB_CONNECTION_ID ?? '' });
}

function use(endpoint) {
  const host = connectEndpoint(endpoint);
  if (behaviour === 'twice') {
    const second = connectEndpoint(endpoint);
    second.onClose = () => console.log('the second connection was refused');
    second.start();
  }
  endpoint.close();
  host.definePorts({ inputs: [{ name: 'in', schema }], outputs: [{ name: 'out', schema }] });
  let sent = 0;
  host.onControl = (message) => {
    switch (message.type) {
      case 'ping':
        if (behaviour === 'silent') return;
        if (behaviour === 'closes') return host.close();
        if (behaviour === 'hasty') host.sendFrame(0, sent++, { value: 1 });
        host.sendControl({
          type: 'pong',
          bytes: new Uint8Array(behaviour === 'wrong' ? [1, 2, 3] : [0x53, 0x4c, 0x41]),
        });
        host.sendControl({ type: 'acked' });
        return;
      case 'setup':
        console.error(`setup ${JSON.stringify(message)}`);
        host.sendControl({ type: 'setup_done' });
        if (behaviour === 'floods') for (; sent < 100; sent++) host.sendFrame(0, sent, { value: sent });
        return;
      case 'start':
        host.sendControl({ type: 'started' });
        return;
      case 'teardown':
        if (behaviour === 'stubborn') return;
        host.sendControl({ type: 'bye' });
        host.close();
    }
  };
  host.onFrame = (_port, id, frame) => {
    if (behaviour === 'keeps') return;
    host.sendFrame(0, sent++, frame);
    host.ack(0, id);
  };
  // What the real client does when its host is gone.
  host.onClose = () => {
    if (behaviour !== 'closes') process.exit(0);
    setInterval(() => {}, 1000);
  };
  host.start();
}

if (behaviour === 'dies') {
  console.error('last words');
  process.exit(9);
}
if (behaviour === 'stubborn') process.on('SIGTERM', () => console.error('not me'));
ask();
