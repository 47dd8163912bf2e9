/**
 * An Open vSwitch of its own for an emulated host: database, switch, sockets and logs lie in one folder, and its programs run in
 * the namespaces of who starts them. There is no kernel module in them, so its bridges are of the datapath netdev.
 */
import { existsSync } from 'node:fs';
import type { LabHost } from './host.ts';

/** The environment by which all programs of Open vSwitch find the one of a folder. */
export function ovsEnvironment(folder: string): Record<string, string> {
  return { OVS_RUNDIR: folder, OVS_DBDIR: folder, OVS_LOGDIR: folder, OVS_SYSCONFDIR: folder };
}

const schemas = ['/usr/share/openvswitch/vswitch.ovsschema', '/usr/local/share/openvswitch/vswitch.ovsschema'];

/** Why no Open vSwitch can be started here, or undefined where it can. */
export function noOvs(): string | undefined {
  return schemas.some(existsSync) ? undefined : 'Open vSwitch is not installed (Debian: openvswitch-switch)';
}

const daemon = (folder: string, name: string) =>
  `--pidfile=${folder}/${name}.pid --unixctl=${folder}/${name}.ctl --log-file=${folder}/${name}.log --detach 2>/dev/null`;

/** A script that starts the database in the folder, which is there and empty. */
export function startDatabaseScript(folder: string): string {
  const schema = schemas.find(existsSync) ?? schemas[0];
  return [
    'set -e',
    `ovsdb-tool create ${folder}/conf.db ${schema}`,
    `ovsdb-server ${folder}/conf.db --remote=punix:${folder}/db.sock ${daemon(folder, 'ovsdb-server')}`,
    `ovs-vsctl --db=unix:${folder}/db.sock --no-wait init`,
  ].join('\n');
}

/** A script that starts the switch, for the first time or after its end. */
export function startSwitchScript(folder: string): string {
  return `ovs-vswitchd unix:${folder}/db.sock ${daemon(folder, 'ovs-vswitchd')}`;
}

/** Where the Open vSwitch of an emulated host lies: the usual place, in a /run of its own. */
export const hostFolder = '/run/openvswitch';

/** The file with the process id of the switch of an emulated host. */
export const switchPidFile = `${hostFolder}/ovs-vswitchd.pid`;

/** Starts Open vSwitch on an emulated host. */
export async function startOvs(host: LabHost): Promise<void> {
  const script = [`mkdir -p ${hostFolder}`, startDatabaseScript(hostFolder), startSwitchScript(hostFolder)];
  await host.run(['sh', '-c', script.join('\n')]);
}

/** Starts the switch of an emulated host again, after its end. */
export async function startSwitch(host: LabHost): Promise<void> {
  await host.run(['sh', '-c', startSwitchScript(hostFolder)]);
}

/**
 * Has the switch of an emulated host decide anew about all packets. Where two entries of its cache fit a packet, the userspace datapath
 * of 3.1 (Debian 12) may bring the wrong one up to date after a change of flows; the other stays, for as long as packets meet it.
 */
export async function forgetDecisions(host: LabHost): Promise<void> {
  await host.run(['ovs-appctl', '-t', `${hostFolder}/ovs-vswitchd.ctl`, 'revalidator/purge']);
}

/**
 * Makes a bridge with a device in it. The kernel hears what the device hears, too: it is told to drop it, so that nothing is
 * answered twice.
 */
export async function ovsBridge(host: LabHost, bridge: string, device: string, address?: string): Promise<void> {
  const make = ['add-br', bridge, '--', 'set', 'Bridge', bridge, 'datapath_type=netdev', 'fail_mode=standalone'];
  await host.run(['ovs-vsctl', ...make, '--', 'add-port', bridge, device]);
  const hook = `type filter hook ingress device ${device} priority 0; policy drop;`;
  const table = `add table netdev ${device}\nadd chain netdev ${device} ingress { ${hook} }\n`;
  await host.run(['nft', '-f', '-'], { input: table });
  const lines = [...(address ? [`address add ${address} dev ${bridge}`] : []), `link set ${bridge} up`];
  await host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
