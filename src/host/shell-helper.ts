/**
 * A running shell inside a namespace. From there a program starts in 1 ms, where this large process needs 4 and nsenter another.
 * What it runs are texts of this folder; nothing from outside becomes part of one unless it was checked to be plain words.
 */
import type { Helper, HelperKind } from './helper-pool.ts';
import { inNamespace } from './namespaces.ts';
import { CommandError } from './run.ts';
import { talk } from './talk.ts';

/** A shell that takes scripts. */
export interface ShellHelper extends Helper {
  /** Runs a script of one line and gives its output. Throws a CommandError when it ends with another code than 0. */
  run(script: string): Promise<string>;
}

const deadlineMs = 30_000;
const end = /\n@end (\d+)\n$/;

/** The shell of a namespace. */
export const shellKind: HelperKind<ShellHelper> = {
  name: 'sh',
  open(namespace) {
    const argv = inNamespace(namespace, ['sh']);
    const program = talk(argv, deadlineMs);
    return {
      async run(script) {
        const { text, died } = await program.ask(() => ({ text: `${script}\nprintf '\\n@end %s\\n' $?\n`, end }));
        const code = died ? null : Number(end.exec(text)?.[1]);
        const output = text.replace(end, '');
        if (code !== 0) throw new CommandError([...argv, '-c', script], code, output, `exit code ${code}`);
        return output;
      },
      close: () => program.close(),
    };
  },
};

const plain = /^[\w./:@%+=, -]*$/;

/** A word for a script; one with characters that could mean something to the shell is an error. */
export function word(text: string): string {
  if (!plain.test(text)) throw new Error(`not a plain word: ${JSON.stringify(text)}`);
  return `'${text}'`;
}
