import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPing } from './send-packet.ts';

test('what ping says of a packet', () => {
  assert.deepEqual(readPing(0, '1380 bytes from 10.0.1.2: icmp_seq=1 ttl=63 time=0.192 ms', ''), { outcome: 'passed' });
  const head = 'PING 10.0.1.2 (10.0.1.2) 1373(1401) bytes of data.\n';
  assert.deepEqual(readPing(1, `${head}From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1400)\n`, ''), {
    outcome: 'refused',
    mtu: 1400,
    by: '10.0.0.1',
  });
  assert.deepEqual(readPing(1, `${head}ping: local error: message too long, mtu=1400\n`, ''), {
    outcome: 'refused',
    mtu: 1400,
    by: null,
  });
  assert.deepEqual(readPing(1, 'From 2001:db8::1 icmp_seq=1 Packet too big: mtu=1400\n', ''), {
    outcome: 'refused',
    mtu: 1400,
    by: '2001:db8::1',
  });
  assert.deepEqual(readPing(1, '', 'ping: local error: message too long, mtu: 1400\n'), {
    outcome: 'refused',
    mtu: 1400,
    by: null,
  });
  assert.deepEqual(readPing(1, `${head}\n1 packets transmitted, 0 received, 100% packet loss, time 0ms`, ''), {
    outcome: 'lost',
  });
  assert.deepEqual(readPing(1, head, 'ping: sendmsg: No buffer space available\n'), { outcome: 'lost' });
  assert.deepEqual(readPing(2, '', 'ping: connect: Network is unreachable\n'), {
    outcome: 'unsendable',
    why: 'connect: Network is unreachable',
  });
});
