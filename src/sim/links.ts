/** Devices, addresses and routes of the simulated machine, as strict as the kernel. */
import { addressedNic } from '../host/addressed-nic.ts';
import { type Cidr, cidrContains, parseCidr, parseIp } from '../lib/ip.ts';
import type {
  AddressFact,
  FdbFact,
  LinkFact,
  LinkKind,
  NeighbourFact,
  ProxyFact,
  QdiscFact,
  RouteFact,
} from '../plan/facts.ts';
import { linkOf, namespaceOf, newLink, SimError, type SimLink, type SimNamespace, type SimState } from './state.ts';

function checkName(name: string): void {
  if (name.length > 15 || name === '' || /[/\s]/.test(name)) throw new SimError(`"${name}" is not a valid ifname`);
}

function put(state: SimState, link: SimLink): void {
  checkName(link.name);
  const { links } = namespaceOf(state, link.namespace);
  if (links.has(link.name)) throw new SimError(`RTNETLINK answers: File exists (${link.name})`);
  links.set(link.name, link);
}

function make(state: SimState, fact: LinkFact): void {
  const { kind, namespace, name } = fact;
  if (kind.type === 'peer' || kind.type === 'foreign') throw new SimError(`Cannot find device "${name}"`);
  if (kind.type === 'vxlan') {
    const others = [...namespaceOf(state, namespace).links.values()];
    const twin = others.find((link) => link.kind.type === 'vxlan' && link.kind.vni === kind.vni);
    if (twin) throw new SimError(`RTNETLINK answers: File exists (${twin.name} has VNI ${kind.vni})`);
  }
  if (kind.type === 'vlan') checkVlan(state, namespace, kind);
  const link = newLink(namespace, name, kind, true);
  if (kind.type !== 'veth') {
    put(state, link);
    return;
  }
  const peer = newLink(kind.peer.namespace, kind.peer.name, { type: 'peer' }, true);
  if (namespaceOf(state, peer.namespace).links.has(peer.name))
    throw new SimError(`RTNETLINK answers: File exists (${peer.name})`);
  put(state, link);
  put(state, peer);
  link.peer = peer;
  peer.peer = link;
}

function checkVlan(state: SimState, namespace: string, kind: LinkKind & { type: 'vlan' }): void {
  linkOf(state, namespace, kind.device);
  for (const { kind: other, name } of namespaceOf(state, namespace).links.values())
    if (other.type === 'vlan' && other.device === kind.device && other.id === kind.id)
      throw new SimError(`RTNETLINK answers: File exists (${name} is VLAN ${kind.id} of ${kind.device})`);
}

/** What a VLAN device takes from the device under it. */
function checkUnder(state: SimState, fact: LinkFact): void {
  if (fact.kind.type !== 'vlan') return;
  const under = linkOf(state, fact.namespace, fact.kind.device);
  if (fact.up) under.up = true;
  if ((fact.mtu ?? 0) > under.mtu)
    throw new SimError(`RTNETLINK answers: Numerical result out of range (${under.name} has MTU ${under.mtu})`);
}

/** An interface of the host that has addresses is kept out of bridges. */
function checkNic(fact: LinkFact, link: SimLink): void {
  if (fact.kind.type !== 'foreign' || !fact.kind.nic || link.master === fact.master) return;
  const addresses = link.addresses.filter(({ cidr }) => !cidr.startsWith('fe80:')).map(({ cidr }) => cidr);
  if (addresses.length > 0) throw new SimError(addressedNic(fact, addresses.join(', ')));
}

function sameMaking(fact: LinkFact, link: SimLink): boolean {
  const { kind } = fact;
  if (kind.type === 'foreign') return true;
  if (kind.type === 'bridge' && kind.shared) return link.kind.type === 'bridge' || link.kind.type === 'foreign';
  if (kind.type !== link.kind.type) return false;
  if (kind.type === 'veth') return link.peer?.name === kind.peer.name && link.peer.namespace === kind.peer.namespace;
  return JSON.stringify(kind) === JSON.stringify(link.kind);
}

/** `ip link add`, where it is not there, and `ip link set`. */
export function addLink(state: SimState, fact: LinkFact): void {
  const links = namespaceOf(state, fact.namespace).links;
  if (!links.has(fact.name)) make(state, fact);
  setLink(state, fact);
}

/** Changes a link; one of ours that was made in another way is made anew. */
export function changeLink(state: SimState, fact: LinkFact): void {
  const link = linkOf(state, fact.namespace, fact.name);
  if (link.ours && !sameMaking(fact, link)) {
    forget(state, link);
    if (link.peer) forget(state, link.peer);
    make(state, fact);
  }
  setLink(state, fact);
}

function setLink(state: SimState, fact: LinkFact): void {
  const link = linkOf(state, fact.namespace, fact.name);
  if (!sameMaking(fact, link)) throw new SimError(`RTNETLINK answers: File exists (${fact.name})`);
  // A shared bridge that others made is taken as it is.
  if (fact.kind.type === 'bridge' && fact.kind.shared && !link.ours) return;
  checkUnder(state, fact);
  checkNic(fact, link);
  if (fact.mac !== undefined) link.mac = fact.mac;
  if (fact.mtu !== undefined) link.mtu = fact.mtu;
  if (fact.master !== undefined) {
    const master = linkOf(state, fact.namespace, fact.master);
    const { type } = master.kind;
    if (type !== 'bridge' && type !== 'foreign')
      throw new SimError(`RTNETLINK answers: Operation not supported (${fact.master})`);
    link.master = fact.master;
  }
  if (fact.neighSuppress !== undefined) {
    if (link.master === undefined) throw new SimError(`RTNETLINK answers: Operation not supported (${fact.name})`);
    link.neighSuppress = fact.neighSuppress;
  }
  if (fact.txChecksum !== undefined) link.txChecksum = fact.txChecksum;
  link.up = fact.up;
  if (!fact.up) for (const one of vlansOf(namespaceOf(state, fact.namespace), fact.name)) one.up = false;
  if (!fact.up) dropRoutes(namespaceOf(state, fact.namespace), (route) => route.device === fact.name);
}

/** `ip link delete`: takes the other end, addresses and routes along, and releases the ports of a bridge. One of others is let go. */
export function removeLink(state: SimState, fact: LinkFact): void {
  const here = state.namespaces.get(fact.namespace);
  const link = here?.links.get(fact.name);
  if (!here || !link) return;
  if (fact.kind.type === 'foreign') {
    release(link);
    if (fact.kind.nic) return;
    link.up = false;
    dropRoutes(here, (route) => route.device === link.name);
    return;
  }
  if (link.kind.type === 'foreign') {
    if (fact.kind.type === 'bridge' && fact.kind.shared) return;
    throw new SimError(`${fact.name} is not ours to remove`);
  }
  const ports = [...here.links.values()].filter((one) => one.master === link.name);
  if (fact.kind.type === 'bridge' && fact.kind.shared && (!link.ours || ports.length > 0)) return;
  forget(state, link);
  if (link.peer) forget(state, link.peer);
}

function vlansOf(here: SimNamespace, device: string): SimLink[] {
  return [...here.links.values()].filter(({ kind }) => kind.type === 'vlan' && kind.device === device);
}

/** A port is none any more: what it was told as one, and what its bridge knew of it, is gone. */
function release(link: SimLink): void {
  link.master = undefined;
  link.neighSuppress = false;
  for (const entry of link.fdb) if (entry.endsWith('|bridge')) link.fdb.delete(entry);
}

/** A device disappears, whoever made it. */
export function forget(state: SimState, link: SimLink): void {
  const here = state.namespaces.get(link.namespace);
  if (!here) return;
  here.links.delete(link.name);
  for (const one of here.links.values()) if (one.master === link.name) release(one);
  for (const one of vlansOf(here, link.name)) forget(state, one);
  dropRoutes(here, (route) => route.device === link.name);
}

function dropRoutes(here: SimNamespace, which: (route: RouteFact) => boolean): void {
  for (const [destination, route] of here.routes) if (which(route)) here.routes.delete(destination);
}

/** `ip address add`. */
export function addAddress(state: SimState, fact: AddressFact): void {
  const link = linkOf(state, fact.namespace, fact.device);
  if (!parseCidr(fact.cidr)) throw new SimError(`any valid prefix is expected rather than "${fact.cidr}"`);
  if (link.addresses.some(({ cidr }) => cidr === fact.cidr)) return;
  link.addresses.push({ cidr: fact.cidr, announce: fact.announce ?? false });
}

function sameSubnet(a: string, b: string): boolean {
  const [one, other] = [parseCidr(a), parseCidr(b)];
  return !!one && !!other && one.version === 4 && one.first === other.first && one.length === other.length;
}

/** `ip address delete`: with a primary address go the secondary ones of its subnet, unless they are promoted. */
export function removeAddress(state: SimState, fact: AddressFact): void {
  const here = state.namespaces.get(fact.namespace);
  const link = here?.links.get(fact.device);
  const at = link?.addresses.findIndex(({ cidr }) => cidr === fact.cidr) ?? -1;
  if (!here || !link || at < 0) return;
  const primary = link.addresses.findIndex(({ cidr }) => sameSubnet(cidr, fact.cidr)) === at;
  const promote = here.sysctls.get('net.ipv4.conf.all.promote_secondaries') === '1';
  link.addresses = link.addresses.filter(({ cidr }, index) => {
    return index !== at && (promote || !primary || !sameSubnet(cidr, fact.cidr));
  });
  const v4 = (text: string) => !text.includes(':');
  if (v4(fact.cidr) && !link.addresses.some(({ cidr }) => v4(cidr)))
    dropRoutes(
      here,
      (route) => route.device === link.name && v4(route.destination) && route.destination !== 'default6',
    );
}

function connected(here: SimNamespace, link: SimLink): Cidr[] {
  const prefixes = link.addresses.map(({ cidr }) => parseCidr(cidr));
  for (const route of here.routes.values())
    if (route.device === link.name && route.via === null) prefixes.push(parseCidr(route.destination));
  return prefixes.filter((prefix) => prefix !== undefined);
}

/** `ip route add`, or `replace` where `replace` is true. */
export function addRoute(state: SimState, fact: RouteFact, replace: boolean): void {
  const here = namespaceOf(state, fact.namespace);
  const link = linkOf(state, fact.namespace, fact.device);
  if (!link.up) throw new SimError('Error: Nexthop device is not up.');
  const ip = fact.via === null ? undefined : parseIp(fact.via);
  if (ip && !connected(here, link).some((prefix) => cidrContains(prefix, ip)))
    throw new SimError(`Error: Nexthop has invalid gateway. (${fact.via} on ${fact.device})`);
  const existing = here.routes.get(fact.destination);
  if (existing && !replace && (existing.via !== fact.via || existing.device !== fact.device))
    throw new SimError(`RTNETLINK answers: File exists (${fact.destination})`);
  here.routes.set(fact.destination, fact);
}

/** `bridge fdb append`, or `replace`. */
export function addFdb(state: SimState, fact: FdbFact): void {
  const link = linkOf(state, fact.namespace, fact.device);
  if (link.kind.type !== 'vxlan') throw new SimError(`RTNETLINK answers: Operation not supported (${fact.device})`);
  if (fact.endpoint === null && link.master === undefined)
    throw new SimError(`RTNETLINK answers: Operation not supported (${fact.device})`);
  link.fdb.add(`${fact.mac}|${fact.endpoint ?? 'bridge'}`);
}

/** `ip neigh replace`. */
export function addNeighbour(state: SimState, fact: NeighbourFact): void {
  linkOf(state, fact.namespace, fact.device).neighbours.set(fact.ip, fact.mac);
}

/** `ip neigh add proxy`. */
export function addProxy(state: SimState, fact: ProxyFact): void {
  linkOf(state, fact.namespace, fact.device).proxies.add(fact.ip);
}

/** `tc qdisc replace`, and where it leads elsewhere, the filter that does. */
export function putQdisc(state: SimState, { namespace, device, qdisc }: QdiscFact): void {
  const link = linkOf(state, namespace, device);
  if (qdisc.type === 'ingress') linkOf(state, namespace, qdisc.redirect);
  link.qdiscs.set(qdisc.type, qdisc);
}
