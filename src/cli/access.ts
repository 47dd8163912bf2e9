/** How a server knows its callers, as the settings say: by the embedded Identity, by a Keystone, or not at all. */
import { readFileSync } from 'node:fs';
import type { Access } from '../api/access/access.ts';
import { keystoneAccess, wordsOf } from '../api/access/keystone.ts';
import { noauthAccess } from '../api/access/noauth.ts';
import { openKeystone } from '../client/index.ts';
import type { KeystoneSettings, ServerSettings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { CommandError } from './command.ts';
import { causeOf } from './state.ts';

/** What knows the callers. */
export interface ChosenAccess {
  readonly kind: 'embedded' | 'keystone' | 'noauth';
  /** Absent: the embedded Identity. */
  readonly access?: Access;
  /** Where clients log in, where that is elsewhere. */
  readonly authUrl?: string;
  /** Ends the connections to a Keystone. */
  close(): void;
}

/** Whether only this machine reaches what listens on the host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host);
}

/** Where everybody is an administrator, nobody else's machine gets in by mistake. */
function refuseOpenDoor(host: string, allowedOn: string | undefined): void {
  if (isLoopback(host) || host === allowedOn) return;
  throw new CommandError(
    `With auth_strategy = noauth everybody who reaches ${host} is an administrator: listen on the loopback address (--listen 127.0.0.1:9696), or say that this is wanted by --allow-noauth-on ${host}.`,
  );
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`[keystone_authtoken] cafile: ${file} cannot be read: ${causeOf(error)}.`);
  }
}

function openKeystoneAccess(settings: KeystoneSettings, log: Log): ChosenAccess {
  const { authUrl, username, password, project, projectId, userDomain, userDomainId } = settings;
  const certificates = settings.caFile === '' ? {} : { ca: readCertificates(settings.caFile) };
  const keystone = openKeystone({
    ...{ authUrl, username, password },
    ...(userDomainId === '' ? { domain: userDomain } : { domainId: userDomainId }),
    ...(projectId === '' ? { project } : { projectId }),
    ...(settings.projectDomainId === ''
      ? { projectDomain: settings.projectDomain }
      : { projectDomainId: settings.projectDomainId }),
    ...(settings.region === '' ? {} : { region: settings.region }),
    interface: settings.interface,
    tls: { insecure: settings.insecure, ...certificates },
    deadlineMs: settings.deadlineSeconds * 1000,
    retries: settings.retries,
  });
  const publicAuthUrl = settings.publicAuthUrl || authUrl;
  const access = keystoneAccess({
    verify: keystone.verify,
    cacheSeconds: settings.cacheSeconds,
    serviceRoles: settings.serviceRoles,
    serviceRolesRequired: settings.serviceRolesRequired,
    publicAuthUrl,
    warn: (sentence) => log.warn(sentence),
    clock: systemClock,
  });
  // Said at the start, so that nobody has to wait for the first request to hear of it.
  keystone.check().then(
    () => log.info(`Callers are known by the Keystone at ${authUrl}.`),
    (error) => log.warn(`The service user ${username} cannot log in at Keystone: ${wordsOf(error)}`),
  );
  return { kind: 'keystone', access, authUrl: publicAuthUrl, close: () => keystone.close() };
}

/** Composes what knows the callers of a server on `host`. Throws a CommandError. */
export function chooseAccess(
  settings: ServerSettings,
  host: string,
  allowNoauthOn: string | undefined,
  log: Log,
): ChosenAccess {
  if (settings.authStrategy === 'noauth') {
    refuseOpenDoor(host, allowNoauthOn);
    log.warn(`With auth_strategy = noauth everybody who reaches ${host} is an administrator.`);
    return { kind: 'noauth', access: noauthAccess(), close: () => undefined };
  }
  if (settings.keystone) return openKeystoneAccess(settings.keystone, log);
  return { kind: 'embedded', close: () => undefined };
}
