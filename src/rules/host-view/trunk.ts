/** Host objects of trunks. */
import type { HostTrunk } from '../../model/host-objects.ts';
import type { trunkSubport } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import { byText, type PortRow } from './addresses.ts';

/** `trunk/<id>`: `ports` are those of the subports; one that is not there is left out. */
export function hostTrunk(
  id: string,
  parent: PortRow,
  subports: readonly Row<typeof trunkSubport>[],
  ports: readonly PortRow[],
): HostTrunk {
  const macs = new Map(ports.map((row) => [row.id, row.mac_address]));
  const carried = subports.flatMap(({ port_id, segmentation_id }) => {
    const mac_address = macs.get(port_id);
    return mac_address === undefined ? [] : [{ port_id, mac_address, segmentation_id }];
  });
  return {
    kind: 'trunk',
    id,
    parent: { port_id: parent.id, mac_address: parent.mac_address },
    sub_ports: carried.sort(byText((one) => one.port_id)),
  };
}
