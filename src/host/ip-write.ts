/** Turns steps about links, addresses, routes, forwarding entries, proxies and neighbours into lines for `ip -batch` and `bridge -batch`. */
import type { LinkFact, LinkKind, Namespace } from '../plan/facts.ts';
import type { StepOn } from './batch.ts';
import { type IpFact, ownAlias } from './ip-read.ts';

/** A line, and the complaints that mean that there was nothing to do. */
export interface Line {
  readonly text: string;
  readonly fine?: RegExp;
}

const gone =
  /Cannot find device|does not exist|No such (process|file or directory|device)|ddress not found|Device not found|Cannot assign requested/;
const there = /File exists|already assigned/;

/** Joins words to a line. A word that the program would read as two, or as a comment, is an error. */
function line(words: readonly (string | number)[], fine?: RegExp): Line {
  for (const word of words)
    if (!/^[^\s"'\\#]+$/.test(String(word))) throw new Error(`not a word for iproute2: ${JSON.stringify(word)}`);
  return { text: words.join(' '), ...(fine ? { fine } : {}) };
}

/** How `ip link` names the namespace of the other end: this process's own by its pid. */
function peerNamespace(namespace: Namespace, peer: Namespace): string[] {
  if (peer === namespace) return [];
  return ['netns', peer === '' ? String(process.pid) : peer];
}

/** Words after `link add name NAME` for a kind, or undefined for one that is not made here. */
function making(namespace: Namespace, kind: LinkKind): (string | number)[] | undefined {
  switch (kind.type) {
    case 'bridge':
      // No spanning tree and no delay, as Neutron's Linux bridge agent sets them (`ensure_bridge`). It leaves snooping on, the
      // kernel's default; a querier among the instances would then keep neighbour discovery from those that send no reports.
      return ['type', 'bridge', 'stp_state', 0, 'forward_delay', 0, 'mcast_snooping', 0];
    case 'veth':
      return ['type', 'veth', 'peer', 'name', kind.peer.name, ...peerNamespace(namespace, kind.peer.namespace)];
    case 'vxlan':
      // The agents know every endpoint, so the kernel learns none. No `proxy`: it swallows what it does not know.
      return ['type', 'vxlan', 'id', kind.vni, 'local', kind.local, 'dstport', kind.port, 'nolearning'];
    case 'ifb':
      return ['type', 'ifb'];
    case 'vlan':
      return ['link', kind.device, 'type', 'vlan', 'id', kind.id];
    case 'peer':
    case 'foreign':
      return undefined;
  }
}

/** Sets what the fact names. */
function setLink(link: LinkFact): Line[] {
  const words: (string | number)[] = ['link', 'set', 'dev', link.name];
  if (link.mac !== undefined) words.push('address', link.mac);
  if (link.mtu !== undefined) words.push('mtu', link.mtu);
  if (link.master !== undefined) words.push('master', link.master);
  // A VLAN device cannot be up while the one under it is down.
  const under = link.kind.type === 'vlan' && link.up ? [line(['link', 'set', 'dev', link.kind.device, 'up'])] : [];
  const suppress = link.neighSuppress === undefined ? [] : [portLine(link.name, link.neighSuppress)];
  return [...under, line([...words, link.up ? 'up' : 'down']), ...suppress];
}

const portLine = (name: string, suppress: boolean) =>
  line(['link', 'set', 'dev', name, 'type', 'bridge_slave', 'neigh_suppress', suppress ? 'on' : 'off']);

/** A device that only carries the frames of others gets no IPv6 address of its own. */
export function isSwitching(link: LinkFact): boolean {
  if (link.kind.type === 'bridge') return !link.kind.shared;
  if (link.kind.type === 'foreign' && link.kind.nic) return false;
  const { type } = link.kind;
  return (
    ['vxlan', 'vlan', 'ifb'].includes(type) || link.master !== undefined || (type === 'veth' && link.namespace === '')
  );
}

function makeLink(link: LinkFact): Line[] {
  const words = making(link.namespace, link.kind);
  const lines = words ? [line(['link', 'add', 'name', link.name, ...words], there)] : [];
  if (isSwitching(link)) lines.push(line(['link', 'set', 'dev', link.name, 'addrgenmode', 'none']));
  if (link.kind.type === 'bridge' && link.kind.shared)
    lines.push(line(['link', 'set', 'dev', link.name, 'alias', ownAlias]));
  return [...lines, ...setLink(link)];
}

function removeLink(link: LinkFact): Line[] {
  if (link.kind.type !== 'foreign') return [line(['link', 'del', 'dev', link.name], gone)];
  if (link.kind.nic) return [line(['link', 'set', 'dev', link.name, 'nomaster'], gone)];
  // What was made by others stays, but is no port of ours any more, and passes nothing: its rules go next.
  return [line(['link', 'set', 'dev', link.name, 'nomaster', 'down'], gone)];
}

/** Whether a device must be made anew to become the wanted one. */
function mustRemake(was: LinkKind, wanted: LinkKind): boolean {
  return JSON.stringify(was) !== JSON.stringify(wanted) && making('', wanted) !== undefined;
}

function linkLines(step: StepOn<LinkFact>): Line[] {
  const { fact } = step;
  if (step.do === 'remove') return removeLink(fact);
  if (step.do === 'add') return makeLink(fact);
  if (!mustRemake(step.was.kind, fact.kind)) {
    const release = step.was.master !== undefined && fact.master === undefined;
    return [...(release ? [line(['link', 'set', 'dev', fact.name, 'nomaster'])] : []), ...setLink(fact)];
  }
  if (step.was.kind.type === 'foreign')
    throw new Error(`${fact.name} is there already and is no ${fact.kind.type}; it is not ours to remove`);
  return [...removeLink(step.was), ...makeLink(fact)];
}

function destinationWord(destination: string): string {
  return destination === 'default6' ? '::/0' : destination;
}

/** The lines of one step. */
export function linesOf(step: StepOn<IpFact>): Line[] {
  const { fact } = step;
  const remove = step.do === 'remove';
  switch (fact.fact) {
    case 'link':
      return linkLines(step as StepOn<LinkFact>);
    case 'address': {
      const words = [fact.cidr, 'dev', fact.device];
      if (remove) return [line(['addr', 'del', ...words], gone)];
      const length = Number(fact.cidr.split('/')[1]);
      const broadcast = !fact.cidr.includes(':') && length < 31 ? ['brd', '+'] : [];
      return [line(['addr', 'add', fact.cidr, ...broadcast, 'dev', fact.device], there)];
    }
    case 'route': {
      const via = fact.via === null ? [] : ['via', fact.via];
      const words = [destinationWord(fact.destination), ...via, 'dev', fact.device];
      return [remove ? line(['route', 'del', ...words], gone) : line(['route', 'replace', ...words])];
    }
    case 'fdb': {
      if (fact.endpoint === null) {
        const words = [fact.mac, 'dev', fact.device, 'master'];
        return [remove ? line(['fdb', 'del', ...words], gone) : line(['fdb', 'replace', ...words, 'static'])];
      }
      const words = [fact.mac, 'dev', fact.device, 'dst', fact.endpoint, 'self', 'permanent'];
      if (remove) return [line(['fdb', 'del', ...words.slice(0, 6)], gone)];
      // The entry for unknown frames has many endpoints, that of a port has one.
      const flood = fact.mac === '00:00:00:00:00:00';
      return [flood ? line(['fdb', 'append', ...words], there) : line(['fdb', 'replace', ...words])];
    }
    case 'neighbour':
      if (remove) return [line(['neigh', 'del', fact.ip, 'dev', fact.device], gone)];
      return [line(['neigh', 'replace', fact.ip, 'lladdr', fact.mac, 'dev', fact.device, 'nud', 'permanent'])];
    case 'proxy': {
      const words = ['proxy', fact.ip, 'dev', fact.device];
      return [remove ? line(['neigh', 'del', ...words], gone) : line(['neigh', 'add', ...words], there)];
    }
  }
}
