/** What `neutrino port attach` gives the metadata service of an instance: a public key, user data. They lie in the port's binding:profile. */
import { readFileSync } from 'node:fs';
import type { NetworkingClient } from '../client/index.ts';
import type { port as portResource } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { CommandError, text } from './command.ts';
import { causeOf } from './state.ts';

/** The options of `port attach`. */
export const metadataOptions = {
  publicKey: text('--public-key FILE', 'a public SSH key that the metadata service tells the instance'),
  userData: text('--user-data FILE', 'what the metadata service gives the instance as user data; 2,500 bytes at most'),
};

interface Given {
  readonly publicKey: string | undefined;
  readonly userData: string | undefined;
}

/** The profile of a port is a small thing. */
const maxUserData = 2500;

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError(`${option} ${path} cannot be read: ${causeOf(error)}.`);
  }
}

/** The key in a file, by its comment; nothing that is not public passes. */
function readKey(path: string): Record<string, string> {
  const content = read('--public-key', path).toString().trim();
  if (!/^(ssh-|ecdsa-|sk-)[\w@.-]+ [A-Za-z0-9+/]+=*( [^\r\n]*)?$/.test(content))
    throw new CommandError(
      `--public-key ${path} holds no public key: expected one line such as "ssh-ed25519 AAAA… name", as in ~/.ssh/id_ed25519.pub.`,
    );
  return { default: content };
}

function readUserData(path: string): string {
  const content = read('--user-data', path);
  if (content.length > maxUserData)
    throw new CommandError(
      `--user-data ${path} has ${content.length} bytes and the port keeps ${maxUserData}: have it fetch the rest (#include URL).`,
    );
  return content.toString('base64');
}

/** Writes into the port what is to be told of it; what stands there already stays. Reads the files before it changes anything. */
export async function giveMetadata(
  api: NetworkingClient,
  port: Row<typeof portResource>,
  { publicKey, userData }: Given,
): Promise<void> {
  if (publicKey === undefined && userData === undefined) return;
  const profile = {
    ...port['binding:profile'],
    ...(publicKey === undefined ? {} : { public_keys: readKey(publicKey) }),
    ...(userData === undefined ? {} : { user_data: readUserData(userData) }),
  };
  await api.ports.update(port.id, { 'binding:profile': profile });
}
