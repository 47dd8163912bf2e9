/**
 * The metadata service of a host: answers the proxies in the namespaces on a UNIX socket, by Nova where one is configured, else itself.
 * The proxies outlive it; while it is away they say so at once (503, Retry-After).
 */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { canonicalIp } from '../lib/ip.ts';
import { metadataPaths, proxyHeaders, proxyUser } from '../plan/render/metadata-proxy.ts';
import { ec2Folders } from './ec2.ts';
import { factsOf } from './facts.ts';
import type { Door, Instance, Instances } from './instances.ts';
import { type Nova, type NovaOptions, openNova } from './nova.ts';
import { openstackFolder } from './openstack.ts';
import { documentAt, folder } from './tree.ts';

/** Takes sentences. */
interface Log {
  info(text: string): void;
  warn(text: string): void;
}

export interface MetadataServiceOptions {
  readonly stateDir: string;
  readonly instances: Instances;
  /** The availability zone that instances are told. */
  readonly zone: string;
  /** null: the service answers itself. */
  readonly nova: NovaOptions | null;
  readonly log: Log;
  /** How long an answer of Nova may take, milliseconds; default 15 s. */
  readonly deadlineMs?: number;
}

/** A metadata service that runs. */
export interface MetadataService {
  /** Ends it after the answers under way, within a second. */
  stop(): Promise<void>;
}

/** Requests answered at a time; more are asked to come again. */
const maxRequests = 256;
/** Bytes that an instance may send. */
const maxBody = 64 * 1024;

/** An answer other than a document, with a sentence. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Where a request came in and from which address, as the proxy says. */
function originOf(request: IncomingMessage): { door: Door; address: string } {
  const [network, router] = [header(request, proxyHeaders.network), header(request, proxyHeaders.router)];
  const address = canonicalIp(header(request, proxyHeaders.source) ?? '');
  if (address === undefined || (network === undefined) === (router === undefined))
    throw new Refusal(400, 'The proxy did not say where the request came from.');
  return { door: network === undefined ? { router: router ?? '' } : { network }, address };
}

/** A document that this service has of an instance. */
function ownAnswer(request: IncomingMessage, instance: Instance, zone: string): string | Buffer {
  if (request.method !== 'GET' && request.method !== 'HEAD') throw new Refusal(405, 'Only GET and HEAD are answered.');
  const facts = factsOf(instance, zone);
  const seed = randomBytes(512).toString('base64');
  const root = folder({ ...ec2Folders(instance, facts), openstack: openstackFolder(instance, facts, seed) });
  const path = (request.url ?? '/').replace(/\?.*$/s, '');
  const found = documentAt(root, path);
  if (found === undefined) throw new Refusal(404, 'There is nothing at this path.');
  return found;
}

function contentType(url: string): string {
  if (/\.json\/?(\?|$)/.test(url)) return 'application/json';
  return /user[-_]data\/?(\?|$)/.test(url) ? 'application/octet-stream' : 'text/plain; charset=utf-8';
}

/** Answers requests; one object for what they share. */
class Desk {
  readonly #options: MetadataServiceOptions;
  readonly #nova: Nova | null;
  #busy = 0;
  #novaIsAway = false;

  constructor(options: MetadataServiceOptions) {
    this.#options = options;
    this.#nova = options.nova && openNova(options.nova);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#busy += 1;
    try {
      if (this.#busy > maxRequests) throw new Refusal(503, 'Too many requests at a time; ask again.');
      const { door, address } = originOf(request);
      const instance = this.#options.instances.find(door, address);
      if (!instance) throw new Refusal(404, `No instance has the address ${address} here.`);
      if (this.#nova) await this.#askNova(this.#nova, request, response, instance, address);
      else {
        const body = ownAnswer(request, instance, this.#options.zone);
        response.writeHead(200, { 'content-type': contentType(request.url ?? '') });
        response.end(body);
      }
    } catch (error) {
      refuse(response, error instanceof Refusal ? error : new Refusal(500, 'The metadata service failed.'));
      if (!(error instanceof Refusal))
        this.#options.log.warn(`A request for metadata failed: ${(error as Error).message}`);
    } finally {
      this.#busy -= 1;
      // What was not read of it is of no use to anyone.
      request.resume();
    }
  }

  async #askNova(
    nova: Nova,
    request: IncomingMessage,
    response: ServerResponse,
    instance: Instance,
    address: string,
  ): Promise<void> {
    if (instance.id === '') throw new Refusal(404, 'The port has no device_id, by which Nova knows its instances.');
    if (Number(request.headers['content-length'] ?? 0) > maxBody || request.headers['transfer-encoding'] !== undefined)
      throw new Refusal(413, `At most ${maxBody} bytes are taken, with their number said before.`);
    const deadline = AbortSignal.timeout(this.#options.deadlineMs ?? 15_000);
    const asked = { method: request.method ?? 'GET', url: request.url ?? '/', headers: request.headers };
    let answer: IncomingMessage;
    try {
      answer = await nova.ask({ ...asked, body: request, address }, instance, deadline);
    } catch (error) {
      this.#away((error as Error).message);
      throw deadline.aborted
        ? new Refusal(504, 'The metadata service of Nova did not answer in time.')
        : new Refusal(503, 'The metadata service of Nova cannot be reached.');
    }
    if (answer.statusCode === 403)
      this.#options.log.warn(
        `Nova refused a request for metadata of instance ${instance.id} (403): metadata_proxy_shared_secret may differ from Nova's.`,
      );
    this.#back();
    const { 'content-type': type, 'content-length': length } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, {
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(length === undefined ? {} : { 'content-length': length }),
    });
    await pipeline(answer, response, { signal: deadline });
  }

  #away(why: string): void {
    if (this.#novaIsAway || !this.#options.nova) return;
    this.#novaIsAway = true;
    const { protocol, host, port } = this.#options.nova;
    this.#options.log.warn(`The metadata service of Nova at ${protocol}://${host}:${port} cannot be reached: ${why}`);
  }

  #back(): void {
    if (this.#novaIsAway) this.#options.log.info('The metadata service of Nova answers again.');
    this.#novaIsAway = false;
  }

  close(): void {
    this.#nova?.close();
  }
}

function refuse(response: ServerResponse, { status, message }: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const later = status === 503 || status === 504 ? { 'retry-after': '1' } : {};
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...later });
  response.end(`${message}\n`);
}

/** The longest path of a socket, in bytes (unix(7)). */
const maxSocketPath = 107;

/** Starts the service on its socket below the state folder. Throws what the file system says. */
export async function startMetadataService(options: MetadataServiceOptions): Promise<MetadataService> {
  const { folder: home, socket } = metadataPaths(options.stateDir);
  // It is the root of the proxies, which run as nobody: they need to enter it, and to write to the socket alone.
  await mkdir(home, { recursive: true, mode: 0o755 });
  await chmod(home, 0o755);
  if (Buffer.byteLength(socket) > maxSocketPath)
    throw new Error(
      `the path of its socket, ${socket}, is longer than ${maxSocketPath} bytes: choose a shorter state folder`,
    );
  const desk = new Desk(options);
  const server = createServer((request, response) => void desk.answer(request, response));
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.maxConnections = 2 * maxRequests;
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  await chown(socket, proxyUser.uid, proxyUser.gid);
  await chmod(socket, 0o600);
  return {
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), 1000);
      await closed;
      clearTimeout(cut);
      desk.close();
    },
  };
}
