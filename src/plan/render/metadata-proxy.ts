/**
 * The proxy that takes the requests of instances for metadata inside a namespace: haproxy, as Neutron has it. It outlives the agent,
 * runs as nobody in a root of its own, says where a request came from, and hands it to the agent's socket, which is all it sees.
 */
import type { AddressFact, FileFact, ProcessFact } from '../facts.ts';
import { digest } from './digest.ts';

/** Where instances ask: by IPv4, and on a link by IPv6. */
export const metadataAddress = '169.254.169.254';
export const metadataAddress6 = 'fe80::a9fe:a9fe';

/**
 * The door of IPv6 on a device: the address, and where the proxy listens. An address is nobody's until the link was asked for another
 * owner; another host's may have it, which then answers for both.
 */
export function doorOfLink(namespace: string, device: string): { address: AddressFact; bind: string } {
  return {
    address: { fact: 'address', namespace, device, cidr: `${metadataAddress6}/128` },
    bind: `${metadataAddress6}:80 interface ${device} transparent`,
  };
}

/** The folder that proxies have for their root, and the socket in it on which the agent answers. */
export function metadataPaths(stateDir: string) {
  const folder = `${stateDir}/metadata_proxy`;
  return { folder, socketName: 'socket', socket: `${folder}/socket` };
}

/** The user that proxies run as: nobody. */
export const proxyUser = { uid: 65534, gid: 65534 } as const;

/** The headers by which a proxy says where a request came from. */
export const proxyHeaders = {
  network: 'X-Neutron-Network-ID',
  router: 'X-Neutron-Router-ID',
  source: 'X-Forwarded-For',
} as const;

/** A proxy for the requests that come in by a network's DHCP service or by a router. */
export interface MetadataProxy {
  readonly kind: 'network' | 'router';
  readonly id: string;
  readonly namespace: string;
  /** Where it listens, as haproxy has it. */
  readonly binds: readonly string[];
}

function configuration(proxy: MetadataProxy, pidFile: string, stateDir: string): string {
  const { folder, socketName } = metadataPaths(stateDir);
  const other = proxy.kind === 'network' ? 'router' : 'network';
  return `# Written by neutrino.
global
    daemon
    pidfile ${pidFile}
    chroot ${folder}
    uid ${proxyUser.uid}
    gid ${proxyUser.gid}
    nbthread 1
    maxconn 256

defaults
    mode http
    option http-server-close
    retries 3
    timeout connect 5s
    timeout queue 5s
    timeout client 32s
    timeout server 32s
    timeout http-request 10s
    timeout http-keep-alive 10s

listen metadata
${proxy.binds.map((bind) => `    bind ${bind}\n`).join('')}    http-request set-header ${proxyHeaders.source} %[src]
    http-request del-header ${proxyHeaders[other]}
    http-request set-header ${proxyHeaders[proxy.kind]} ${proxy.id}
    http-error status 503 content-type text/plain string "The metadata service is away for a moment; ask again.\\n" hdr Retry-After 1
    server agent unix@/${socketName} maxconn 64
`;
}

/** The facts of a proxy: its file, and the process. */
export function metadataProxyFacts(proxy: MetadataProxy, stateDir: string): [FileFact, ProcessFact] {
  const path = `${stateDir}/ns-metadata-proxy/${proxy.id}.conf`;
  const pidFile = `${stateDir}/external/pids/${proxy.id}.pid`;
  const content = configuration(proxy, pidFile, stateDir);
  return [
    { fact: 'file', path, content, mode: 0o644 },
    {
      fact: 'process',
      name: `haproxy/${proxy.id}`,
      namespace: proxy.namespace,
      argv: ['haproxy', '-f', path],
      pidFile,
      restartOn: digest(content),
      reloadOn: '',
    },
  ];
}
