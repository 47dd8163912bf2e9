/**
 * An instance that knows VLANs: one wire into the host, and behind it a switch of the instance's own that puts tags on and takes them
 * off, since kernels can be without VLAN devices. Each of its interfaces is a namespace.
 */
import type { CommandHost } from '../../../src/lab/host.ts';
import { deviceSuffix } from '../../../src/model/host-objects.ts';

/** An instance of this kind. */
export interface VlanInstance {
  /** The device that is plugged into the host. */
  readonly tap: string;
  /** Adds the interface `eth0` of a namespace; without a tag its frames have none. */
  add(netns: string, mac: string, tag?: number): Promise<void>;
  /** Plugs the device into a bridge for its port, as Nova does (vif_plug_ovs). */
  plug(bridge: string): Promise<void>;
  /** Takes it out, as Nova does. */
  unplug(bridge: string): Promise<void>;
  /** Ends the instance. */
  remove(): Promise<void>;
}

/** Starts one on a host; nothing of it is plugged in yet. */
export async function startVlanInstance(
  host: CommandHost,
  name: string,
  port: { readonly id: string; readonly mac_address: string },
): Promise<VlanInstance> {
  const [tap, nic, own] = [`tap${deviceSuffix(port.id)}`, `${name}-nic`, `br-${name}`];
  const namespaces: string[] = [];
  const vsctl = (...argv: readonly string[]) => host.run(['ovs-vsctl', '--timeout=10', ...argv]);
  await host.run(['ip', '-batch', '-'], {
    input: `link add ${tap} type veth peer name ${nic}\nlink set ${tap} up\nlink set ${nic} up\n`,
  });
  await vsctl('add-br', own, '--', 'set', 'Bridge', own, 'datapath_type=netdev', '--', 'add-port', own, nic);
  return {
    tap,
    async add(netns, mac, tag) {
      namespaces.push(netns);
      const outer = `v-${netns}`;
      await host.run(['ip', 'netns', 'add', netns]);
      const pair = `link add ${outer} type veth peer name eth0 netns ${netns}\nlink set ${outer} up\n`;
      await host.run(['ip', '-batch', '-'], { input: pair });
      const inside = `link set eth0 address ${mac}\nlink set lo up\nlink set eth0 up\n`;
      await host.run(['ip', '-n', netns, '-batch', '-'], { input: inside });
      await host.run(['ethtool', '-K', 'eth0', 'tx', 'off'], { netns });
      // VLAN 0: frames without a tag, and no others.
      await vsctl('add-port', own, outer, `tag=${tag ?? 0}`);
    },
    async plug(bridge) {
      const make = ['--may-exist', 'add-br', bridge, '--', 'set', 'Bridge', bridge, 'datapath_type=netdev'];
      await vsctl(...make);
      const ids = [
        `iface-id=${port.id}`,
        'iface-status=active',
        `attached-mac="${port.mac_address}"`,
        `vm-uuid=${name}`,
      ];
      const marks = ids.map((id) => `external_ids:${id}`);
      await vsctl('--', '--may-exist', 'add-port', bridge, tap, '--', 'set', 'Interface', tap, ...marks);
    },
    async unplug(bridge) {
      await vsctl('--if-exists', 'del-port', bridge, tap);
    },
    async remove() {
      await vsctl('del-br', own);
      for (const netns of namespaces) await host.run(['ip', 'netns', 'del', netns]);
      await host.run(['ip', 'link', 'del', tap]);
    },
  };
}
