/** Guides, and a person at a shell who does what they say. */
import { readFileSync } from 'node:fs';
import type { LabHost } from '../../../src/lab/host.ts';
import { clone } from '../../support/guest/cache.ts';
import { program } from './small-cloud.ts';

/** A command of a guide, and at which prompt it stands ('' where there is one host only). */
export interface GuideCommand {
  readonly prompt: string;
  readonly command: string;
}

/** The commands of a guide's console blocks, in their order. */
export function commandsOf(guide: string): GuideCommand[] {
  const text = readFileSync(`${clone}/docs/guides/${guide}.md`, 'utf8');
  const blocks = [...text.matchAll(/^```console\n(.*?)^```/gms)].map((match) => match[1] ?? '');
  return blocks.flatMap((block) =>
    [...block.matchAll(/^(\w*)# (.*)$/gm)].map(([, prompt = '', command = '']) => ({ prompt, command })),
  );
}

/** What a command printed and its exit code. */
export interface Told {
  readonly code: number;
  readonly output: string;
}

/** A shell on a host: what is exported or started there stays. */
export interface Shell {
  run(command: string, deadlineMs?: number): Promise<Told>;
  /** The end of everything that was printed, what goes on in the background too. */
  heard(): string;
}

// Files of the host's own: the guides write into /etc and /var/lib.
const apart = `
mkdir /run/over && mount -t tmpfs tmpfs /run/over || exit 1
for folder in etc var/lib; do
  mkdir -p /run/over/$folder/upper /run/over/$folder/work
  mount -t overlay overlay -o lowerdir=/$folder,upperdir=/run/over/$folder/upper,workdir=/run/over/$folder/work /$folder || exit 1
done
mkdir -p /var/lib/neutrino && mount -t tmpfs tmpfs /var/lib/neutrino
`;

/** Opens a shell on a host whose /etc and /var/lib are its own from then on. */
export async function openShell(host: LabHost): Promise<Shell> {
  await host.run(['bash', '-c', apart]);
  const child = host.start(['bash'], { input: true });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data) => {
      said += data;
    });
  let count = 0;
  return {
    heard: () => said.slice(-3000),
    async run(command, deadlineMs = 60_000) {
      count += 1;
      const from = said.length;
      const mark = new RegExp(`@@${count} (\\d+)\\n`);
      child.stdin?.write(`${command.replaceAll('./neutrino', program.join(' '))}\necho "@@${count} $?"\n`);
      const deadline = Date.now() + deadlineMs;
      for (;;) {
        const found = mark.exec(said);
        if (found) return { code: Number(found[1]), output: said.slice(from, found.index) };
        if (Date.now() > deadline || child.exitCode !== null)
          throw new Error(`${command}: no end within ${deadlineMs} ms: ${said.slice(from)}`);
        await new Promise((wake) => setTimeout(wake, 20));
      }
    },
  };
}
