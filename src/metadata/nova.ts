/** Hands requests on to the metadata service of Nova, signed as Neutron's metadata agent signs them (neutron/agent/metadata/agent.py). */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import type { Instance } from './instances.ts';

/** Where Nova's metadata service is, and how it is spoken to; files are '' where none is named. */
export interface NovaOptions {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly insecure: boolean;
  readonly caFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  /** Goes into no message. */
  readonly sharedSecret: string;
}

/** A request of an instance. */
export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** The address that the instance asked from. */
  readonly address: string;
}

/** Answers of Nova; a stream that the caller reads or destroys. */
export interface Nova {
  ask(asked: Asked, instance: Instance, signal: AbortSignal): Promise<IncomingMessage>;
  close(): void;
}

/** Connections at a time. */
const maxSockets = 64;

/** What an instance may say to Nova beside its path: what it sends and what it takes. Anything else is told by us alone. */
const passed = ['accept', 'content-type', 'content-length', 'user-agent', 'x-metadata-token'];

function headersFor(asked: Asked, instance: Instance, secret: string): Record<string, string> {
  const own = passed.flatMap((name) => {
    const value = asked.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return {
    ...Object.fromEntries(own),
    'X-Forwarded-For': asked.address,
    'X-Instance-ID': instance.id,
    'X-Tenant-ID': instance.projectId,
    'X-Instance-ID-Signature': createHmac('sha256', secret).update(instance.id).digest('hex'),
  };
}

/** A file that metadata_agent.ini names; undefined where it names none. */
function fileOf(path: string): Buffer | undefined {
  try {
    return path === '' ? undefined : readFileSync(path);
  } catch (error) {
    throw new Error(`${path}, which metadata_agent.ini names, cannot be read (${(error as Error).message})`);
  }
}

/** Opens the way to Nova. Throws what the file system says of the certificates. */
export function openNova(options: NovaOptions): Nova {
  const { protocol, host, port, insecure, sharedSecret } = options;
  const tls = {
    rejectUnauthorized: !insecure,
    ca: fileOf(options.caFile),
    cert: fileOf(options.clientCertFile),
    key: fileOf(options.clientKeyFile),
  };
  const pool = { keepAlive: true, maxSockets, maxFreeSockets: 8, timeout: 30_000 };
  const agent = protocol === 'https' ? new HttpsAgent({ ...pool, ...tls }) : new HttpAgent(pool);
  const send = protocol === 'https' ? httpsRequest : httpRequest;
  return {
    ask: (asked, instance, signal) =>
      new Promise((resolve, reject) => {
        const headers = headersFor(asked, instance, sharedSecret);
        const { method, url: path } = asked;
        const sent = send({ agent, host, port, method, path, headers, signal }, resolve);
        sent.once('error', reject);
        asked.body.pipe(sent);
      }),
    close: () => agent.destroy(),
  };
}
