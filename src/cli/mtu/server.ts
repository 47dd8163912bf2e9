/** What the commands about MTUs ask the server: its settings, and the ways of its networks. */
import type { NetworkingClient } from '../../client/index.ts';
import type { network } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { type MtuSegment, type NetworkMtu, networkMtu } from '../../rules/mtu.ts';
import type { MtuSettings, NetworkType } from '../../rules/settings.ts';
import { CommandError } from '../command.ts';

type NetworkRow = Row<typeof network>;

/** The settings of the server, with file and line. Only an administrator is told. */
export async function settingsOfServer(api: NetworkingClient): Promise<MtuSettings> {
  const { mtu } = (await api.operator('/mtu')) as { mtu: MtuSettings };
  return mtu;
}

/** Whether it is an id rather than a name. */
export const isId = (given: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(given);

/** The network by id or name. */
export async function findNetwork(api: NetworkingClient, given: string): Promise<NetworkRow> {
  if (isId(given)) return api.networks.show(given);
  const [first, second] = await api.networks.list({ name: given });
  if (!first) throw new CommandError(`There is no network ${JSON.stringify(given)}: name it by its id or name.`, 2);
  if (second) throw new CommandError(`More than one network is called ${JSON.stringify(given)}: name it by its id.`, 2);
  return first;
}

/** The ways of a network, as an administrator sees them. */
function segmentsOf(row: NetworkRow): MtuSegment[] {
  const ways = (row.segments ?? []) as readonly Pick<
    NetworkRow,
    'provider:network_type' | 'provider:physical_network'
  >[];
  return (ways.length > 0 ? ways : [row]).flatMap((way) => {
    const type = way['provider:network_type'] as NetworkType | null;
    return type === null ? [] : [{ type, physicalNetwork: way['provider:physical_network'] }];
  });
}

/** How what is stored compares with what the configuration gives now. */
export type Verdict = 'equal' | 'below' | 'above';

/** A network's stored MTU beside the one that it would be given now. */
export interface Compared {
  readonly id: string;
  readonly name: string;
  readonly stored: number;
  readonly now: NetworkMtu;
  readonly verdict: Verdict;
}

/** Compares. */
export function compare(row: NetworkRow, settings: MtuSettings): Compared {
  const now = networkMtu(settings, segmentsOf(row));
  const verdict = row.mtu === now.mtu ? 'equal' : row.mtu < now.mtu ? 'below' : 'above';
  return { id: row.id, name: row.name, stored: row.mtu, now, verdict };
}

/** What a person calls it. */
export function nameOf({ id, name }: { readonly id: string; readonly name: string }): string {
  return name === '' ? id : `${name} (${id})`;
}
