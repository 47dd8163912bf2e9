/** The real `openstack` client, fed many commands through one process: its start costs more than all of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** One command, and what its output must look like. */
export interface Step {
  readonly command: string;
  /** Absent: JSON where it asks for some, else nothing. */
  readonly pattern: RegExp | undefined;
}

/** Reads a tour: one command a line, then ` ~ ` and a pattern where its output is of interest; # begins a comment. */
export function readTour(text: string): Step[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [command = '', pattern] = line.split(' ~ ');
      return { command: command.trim(), pattern: pattern === undefined ? undefined : new RegExp(pattern) };
    });
}

const marker = (at: number) => `@@${at}@@`;

/** What the client says to these commands, in their order. `stateDir` has clouds.yaml. */
export async function runTour(stateDir: string, steps: readonly Step[], cloud = 'neutrino'): Promise<string[]> {
  const env = {
    PATH: process.env.PATH,
    HOME: stateDir,
    OS_CLIENT_CONFIG_FILE: join(stateDir, 'clouds.yaml'),
    OS_CLOUD: cloud,
    PYTHONUNBUFFERED: '1',
  };
  const child = spawn('/bin/sh', ['-c', 'exec /usr/bin/openstack 2>&1'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  // The client echoes no command. A word that it does not know comes back with the complaint, and tells where the next one begins.
  const input = steps.map(({ command }, at) => `help ${marker(at)}\n${command}\n`).join('');
  child.stdin.end(input);
  await once(child, 'close');
  clearTimeout(timer);
  return steps.map((_, at) => between(said, marker(at), marker(at + 1)));
}

/** What stands between the line of one marker and that of the next. */
function between(said: string, from: string, to: string): string {
  const start = said.indexOf(from);
  if (start < 0) return `(the client ended before this command)\n${said.slice(-2000)}`;
  const begin = said.indexOf('\n', start) + 1;
  const next = said.indexOf(to, begin);
  const end = next < 0 ? said.length : said.lastIndexOf('\n', next) + 1;
  return said.slice(begin, end).trim();
}

/** Why the output is not what the step expects; undefined where it is. */
export function complaint({ command, pattern }: Step, output: string): string | undefined {
  if (pattern)
    return pattern.test(output) ? undefined : `${command}\n  expected ${pattern}, found: ${output.slice(0, 600)}`;
  if (!/ -f json\b/.test(command))
    return output === '' ? undefined : `${command}\n  expected no word, found: ${output.slice(0, 600)}`;
  try {
    JSON.parse(output);
    return undefined;
  } catch {
    return `${command}\n  expected JSON, found: ${output.slice(0, 600)}`;
  }
}
