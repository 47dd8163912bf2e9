/** The tree of Amazon's EC2, as far as it is known here: what cloud-init and older images ask for. */
import type { InstanceFacts } from './facts.ts';
import type { Instance, InstancePort } from './instances.ts';
import { type Folder, folder, type Node } from './tree.ts';

/** The dates by which clients ask; all answer the same. */
const versions = ['1.0', '2007-01-19', '2007-03-01', '2008-02-01', '2009-04-04', 'latest'];

/** Keys are listed as `0=name`, and asked for as `0/openssh-key`. */
function keys(all: InstanceFacts['keys']): Node | undefined {
  if (all.length === 0) return undefined;
  const children = all.map(({ key }, index): [string, Node] => [String(index), folder({ 'openssh-key': `${key}\n` })]);
  return folder(
    Object.fromEntries(children),
    all.map(({ name }, index) => `${index}=${name}`),
  );
}

function device(number: number, { port, network }: InstancePort): Folder {
  const addresses = (version: 4 | 6) =>
    port.fixed_ips.filter(({ ip }) => ip.includes(':') === (version === 6)).map(({ ip }) => ip);
  const four = network.subnets.find((on) => on.ip_version === 4 && port.fixed_ips.some((at) => at.subnet_id === on.id));
  const lines = (all: readonly string[]) => (all.length > 0 ? all.join('\n') : undefined);
  return folder({
    'device-number': String(number),
    ipv6s: lines(addresses(6)),
    'local-ipv4s': lines(addresses(4)),
    mac: port.mac_address,
    'subnet-ipv4-cidr-block': four?.cidr,
  });
}

function metaData(instance: Instance, facts: InstanceFacts): Folder {
  const macs = instance.ports.map((port, index): [string, Node] => [port.port.mac_address, device(index, port)]);
  return folder({
    'ami-launch-index': '0',
    hostname: facts.fullName,
    'instance-id': facts.id,
    'local-hostname': facts.fullName,
    'local-ipv4': facts.ipv4,
    mac: instance.asking.port.mac_address,
    network: folder({ interfaces: folder({ macs: folder(Object.fromEntries(macs)) }) }),
    placement: folder({ 'availability-zone': facts.zone }),
    'public-keys': keys(facts.keys),
  });
}

/** The versions, each with its documents. */
export function ec2Folders(instance: Instance, facts: InstanceFacts): Record<string, Node> {
  const tree = folder({ 'meta-data': metaData(instance, facts), 'user-data': facts.userData });
  return Object.fromEntries(versions.map((version) => [version, tree]));
}
