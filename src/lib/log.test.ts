import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, logLine, structuredLog } from './log.ts';

test('a line has its time, level, sentence and fields', () => {
  assert.equal(
    logLine(0, 'info', 'The network n is ready.', { ms: 12, who: 'a b', none: undefined }),
    '1970-01-01T00:00:00.000Z info  The network n is ready. ms=12 who="a b"',
  );
});

test('what came from outside cannot make a line of its own', () => {
  const line = logLine(0, 'warn', 'a\nb\u001b[31m', { name: 'x\r\ny' });
  for (const character of ['\r', '\n', '\u001b']) assert.ok(!line.includes(character));
});

test('lines below the level are left out; JSON lines are JSON', () => {
  const lines: string[] = [];
  const log = createLog({ json: true, level: 'warn', write: (line) => void lines.push(line), now: () => 0 });
  log.info('no');
  log.error('yes', { code: 7 });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [{ time: '1970-01-01T00:00:00.000Z', level: 'error', msg: 'yes', code: 7 }],
  );
});

test('what a server logs with fields, errors and children becomes lines of ours', () => {
  const lines: string[] = [];
  const log = createLog({ json: false, level: 'info', write: (line) => void lines.push(line), now: () => 0 });
  const server = structuredLog(log).child({ reqId: 'r1' });
  server.info({ ms: 3, req: { headers: { 'x-auth-token': 'secret' } } }, 'answered');
  server.error({ err: { message: 'why' } }, 'it failed');
  server.warn('plain');
  assert.deepEqual(lines, [
    '1970-01-01T00:00:00.000Z info  answered reqId=r1 ms=3\n',
    '1970-01-01T00:00:00.000Z error it failed: why reqId=r1\n',
    '1970-01-01T00:00:00.000Z warn  plain reqId=r1\n',
  ]);
});
