/** Every device of this host and of some of its namespaces, as a probe looks at them. */
import type { Device } from '../mtu/world.ts';
import { inNamespace, namespaceId } from './namespaces.ts';
import { run } from './run.ts';

interface Entry {
  readonly ifname: string;
  readonly ifindex: number;
  readonly mtu: number;
  readonly link_index?: number;
  readonly master?: string;
  readonly ifalias?: string;
  readonly addr_info?: readonly { readonly local?: string; readonly scope?: string }[];
}

function deviceOf(namespace: string, entry: Entry): Device {
  const { ifname: name, ifindex: index, mtu, link_index: peerIndex, master, ifalias: alias } = entry;
  const global = (entry.addr_info ?? []).filter(({ scope }) => scope === 'global');
  return {
    namespace,
    name,
    index,
    mtu,
    ...(peerIndex === undefined ? {} : { peerIndex }),
    ...(master === undefined ? {} : { master }),
    ...(alias === undefined ? {} : { alias }),
    addresses: global.flatMap(({ local }) => local ?? []),
  };
}

/** The devices of a namespace; none where it is not there. '' is the host's own. */
export async function devicesOf(namespace: string): Promise<Device[]> {
  if ((await namespaceId(namespace)) === undefined) return [];
  const { stdout } = await run(inNamespace(namespace, ['ip', '-d', '-j', 'addr', 'show']));
  return (JSON.parse(stdout || '[]') as Entry[]).map((entry) => deviceOf(namespace, entry));
}
