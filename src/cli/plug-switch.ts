/** Plugs the device of a port into the integration bridge of this host, or that of its trunk, where its agent uses Open vSwitch. */
import { bridgeCommand, plugCommand, unplugCommand } from '../host/ovs-plug.ts';
import { CommandError as ProgramError, run } from '../host/run.ts';
import { trunkBridge } from '../plan/render/ovs-names.ts';
import { CommandError } from './command.ts';
import { type AgentNote, readNote } from './host-agent.ts';
import { type Plug, type Plugged, tapOf } from './plug.ts';

/** The switch that the agent of a state folder uses; undefined where it uses bridges of the kernel. */
export type Switch = AgentNote['env']['ovs'] & { readonly database: string };

/** The switch of this host's agent, or undefined. */
export function switchOfHost(stateDir: string): Switch | undefined {
  try {
    const { env, ovsdb = '' } = readNote(stateDir);
    return env.ovs && { ...env.ovs, database: ovsdb };
  } catch {
    return undefined;
  }
}

async function ovs(argv: readonly string[]): Promise<void> {
  try {
    await run(argv, { deadlineMs: 15_000 });
  } catch (error) {
    throw error instanceof ProgramError ? new CommandError(error.message) : error;
  }
}

/** Makes the bridge of a trunk, as whoever plugs an instance in does; the agent finds it. */
export async function makeBridge({ database, datapath }: Switch, bridge: string): Promise<void> {
  await ovs(bridgeCommand({ bridge, database, datapath }));
}

/** Plugs in what was made for a port; the agent finds it by the port's id. */
export async function plugIntoSwitch(at: Switch, plug: Plug, { tap, netns, device }: Plugged): Promise<void> {
  // A switch outside the kernel sees checksums that the sender left to it.
  if (at.datapath === 'netdev' && netns !== null && device !== null)
    await ovs(['ip', 'netns', 'exec', netns, 'ethtool', '-K', device, 'tx', 'off']);
  // The switch keeps to the device that it has for as long as a port of the name is there.
  await unplugFromSwitch(at, plug.portId);
  const { integrationBridge, database, datapath } = at;
  const where = plug.trunkId
    ? { bridge: trunkBridge(plug.trunkId), trunk: { datapath } }
    : { bridge: integrationBridge };
  const { portId, mac } = plug;
  await ovs(plugCommand({ ...where, device: tap, database, portId, mac, instance: netns ?? tap }));
}

/** Unplugs a port; it succeeds where it is not plugged in. */
export async function unplugFromSwitch(at: Switch, portId: string): Promise<void> {
  await ovs(unplugCommand({ device: tapOf(portId), database: at.database }));
}
