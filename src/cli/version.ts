import manifest from '../../package.json' with { type: 'json' };
import { command } from './command.ts';

/** The version of Neutrino, as package.json says. */
export const version: string = manifest.version;

/** `neutrino version`. */
export const versionCommand = command({
  name: 'version',
  summary: 'Tell the versions of Neutrino and of the Node it runs on.',
  options: {},
  examples: ['neutrino version', 'neutrino version --json'],
  async run(_given, cli) {
    cli.answer(
      { neutrino: version, node: process.versions.node },
      (it) => `neutrino ${it.neutrino} (node ${it.node})\n`,
    );
    return 0;
  },
});
