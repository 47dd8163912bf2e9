/** Options that several commands have, and what follows from them. */
import { isAbsolute, resolve } from 'node:path';
import { ConfigError, loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { languageOf, languages } from '../lib/catalogue.ts';
import { CommandError, flag, text, texts } from './command.ts';
import { defaultStateDir } from './state.ts';

/** A place to listen at. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

function readListen(given: string | undefined): Listen | undefined {
  if (given === undefined) return undefined;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(given);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host !== undefined && port <= 65535) return { host, port };
  throw new CommandError(
    `--listen takes HOST:PORT, for example 127.0.0.1:9696 or [::1]:9696, not ${JSON.stringify(given)}.`,
    2,
  );
}

/** `--state-dir DIR`. */
export const stateDirOption = text(
  '--state-dir DIR',
  'where everything is kept; default: /var/lib/neutrino for root, else the XDG state folder',
);

/** `--config-file FILE` and `--config-dir DIR`. */
export const configOptions = {
  configFiles: texts(
    '--config-file FILE',
    "a configuration file of Neutron's; may stand several times, the later counts",
  ),
  configDirs: texts('--config-dir DIR', 'a folder of configuration files: its *.conf, by name'),
};

/** `--lang LANGUAGE`, of commands that speak more than English. */
export const languageOption = text(
  '--lang LANGUAGE',
  'en or zh; default: as LC_ALL, LC_MESSAGES and LANG say',
  (given) => {
    if (given === undefined || languages.some((known) => known === given)) return languageOf(given, process.env);
    throw new CommandError(`--lang takes ${languages.join(' or ')}, not ${JSON.stringify(given)}.`, 2);
  },
);

/** What processes that stay have. */
export const daemonOptions = {
  stateDir: stateDirOption,
  ...configOptions,
  logJson: flag('--log-json', 'log JSON, one object a line'),
};

/** What servers have. */
export const serverOptions = {
  ...daemonOptions,
  listen: text('--listen HOST:PORT', 'where the API listens; default: 127.0.0.1:9696; port 0: a free one', readListen),
  allowNoauthOn: text(
    '--allow-noauth-on HOST',
    'let auth_strategy = noauth listen on this address, where everybody who reaches it is an administrator',
  ),
};

/** The settings of the files; what has no effect is told. A wrong value is a CommandError. */
export function readSettings(
  given: { readonly configFiles: readonly string[]; readonly configDirs: readonly string[] },
  tell: (line: string) => void,
): Settings {
  try {
    const { settings, warnings } = loadSettings(given.configFiles, given.configDirs);
    for (const warning of warnings) tell(warning);
    return settings;
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message);
    throw error;
  }
}

/** The state folder: the option, then `state_path`, then the default. */
export function stateDirOf(given: string | undefined, settings: Settings): string {
  const dir = given ?? (settings.statePath || defaultStateDir());
  if (dir === '') throw new CommandError('--state-dir takes a folder.', 2);
  return isAbsolute(dir) ? dir : resolve(dir);
}
