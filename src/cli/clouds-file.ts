/** The clouds.yaml that a start writes: how the `openstack` client finds this cloud, and where the passwords are kept. */
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { Document, parseDocument } from 'yaml';
import { CommandError } from './command.ts';
import { newSecret, writeSecret } from './state.ts';

/** The passwords of the users that the embedded Identity has from its first start. */
export interface Passwords {
  readonly admin: string;
  readonly demo: string;
}

/** A clouds.yaml, read or new. */
export interface CloudsFile {
  readonly path: string;
  readonly passwords: Passwords;
  /** The users whose passwords were not in the file. */
  readonly made: readonly (keyof Passwords)[];
  /** Writes the file where something of it changed: the first start, another address. What others put into it stays. */
  save(identityUrl: string): void;
}

/** The clouds by the user that logs in. */
const clouds = { admin: 'neutrino', demo: 'neutrino-demo' } as const;

function read(path: string): { text: string; document: Document } {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const document: Document = text === '' ? new Document({ clouds: {} }) : parseDocument(text);
  const ok = document.errors.length === 0 && typeof document.toJS()?.clouds === 'object';
  if (ok) return { text, document };
  throw new CommandError(
    `${path} is damaged: it holds no table "clouds"; restore it, or move it away to get new passwords.`,
  );
}

function entryOf(user: keyof Passwords, password: string, identityUrl: string) {
  return {
    auth: {
      auth_url: identityUrl,
      username: user,
      password,
      project_name: user,
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    },
    region_name: 'RegionOne',
    interface: 'public',
    identity_api_version: 3,
  };
}

/** Reads the file; passwords that are not in it are made up. Throws a CommandError when it is damaged. */
export function openCloudsFile(path: string): CloudsFile {
  const { text, document } = read(path);
  const made: (keyof Passwords)[] = [];
  const password = (user: keyof Passwords): string => {
    const kept = document.getIn(['clouds', clouds[user], 'auth', 'password']);
    if (typeof kept === 'string' && kept !== '') return kept;
    made.push(user);
    return newSecret();
  };
  const passwords = { admin: password('admin'), demo: password('demo') };
  return {
    path,
    passwords,
    made,
    save(identityUrl) {
      for (const user of ['admin', 'demo'] as const) {
        const at = ['clouds', clouds[user]];
        if (document.getIn([...at, 'auth', 'password']) !== passwords[user])
          document.setIn(at, document.createNode(entryOf(user, passwords[user], identityUrl)));
        else if (document.getIn([...at, 'auth', 'auth_url']) !== identityUrl)
          document.setIn([...at, 'auth', 'auth_url'], identityUrl);
      }
      const now = String(document);
      if (now !== text) writeSecret(path, now);
      else chmodSync(path, 0o600);
    },
  };
}
