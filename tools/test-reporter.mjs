/** A reporter of node:test that tells its parent what came of each test, one JSON line each on file descriptor 3. */
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';

function errorText(error) {
  const cause = error?.cause ?? error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
}

/** One line; the pipe may be full, then the line is tried again. */
function send(message) {
  let rest = Buffer.from(`${JSON.stringify(message)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(3, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

/** The reporter. Suites are no tests of their own, unless one fails by itself. What tests write goes through. */
export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const isSuite = data.details?.type === 'suite';
    const failedByChild = data.details?.error?.failureType === 'subtestsFailed';
    const isFile = data.details?.type === 'test' && data.file !== undefined && data.name === data.file;
    if ((isSuite && (type === 'test:pass' || failedByChild)) || (isFile && type === 'test:pass')) continue;
    const skip = data.skip === true || data.skip === '' ? 'no reason given' : data.skip;
    const outcome = skip !== undefined ? 'skipped' : type === 'test:fail' && !failedByChild ? 'failed' : 'passed';
    if (type === 'test:fail' && failedByChild) continue;
    send({
      outcome,
      name: data.name,
      file: data.file,
      line: data.line,
      ms: data.details?.duration_ms,
      ...(skip === undefined ? {} : { reason: skip }),
      ...(outcome === 'failed' ? { error: errorText(data.details?.error) } : {}),
    });
  }
}
