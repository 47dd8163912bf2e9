/**
 * An Open vSwitch of its own for an emulated host: database, switch, sockets and logs lie in one folder, and its programs run in
 * the namespaces of who starts them. There is no kernel module in them, so its bridges are of the datapath netdev.
 */
import { existsSync } from 'node:fs';

/** The environment by which all programs of Open vSwitch find the one of a folder. */
export function ovsEnvironment(folder: string): Record<string, string> {
  return { OVS_RUNDIR: folder, OVS_DBDIR: folder, OVS_LOGDIR: folder, OVS_SYSCONFDIR: folder };
}

const schemas = ['/usr/share/openvswitch/vswitch.ovsschema', '/usr/local/share/openvswitch/vswitch.ovsschema'];

/** Why no Open vSwitch can be started here, or undefined where it can. */
export function noOvs(): string | undefined {
  return schemas.some(existsSync) ? undefined : 'Open vSwitch is not installed (Debian: openvswitch-switch)';
}

/** A script that starts the database in the folder, which is there and empty. It needs the environment. */
export function startDatabaseScript(folder: string): string {
  const schema = schemas.find(existsSync) ?? schemas[0];
  return [
    'set -e',
    `ovsdb-tool create ${folder}/conf.db ${schema}`,
    `ovsdb-server ${folder}/conf.db --remote=punix:${folder}/db.sock --pidfile --unixctl=${folder}/ovsdb.ctl --detach --log-file`,
    `ovs-vsctl --no-wait init`,
  ].join('\n');
}

/** A script that starts the switch, for the first time or after its end. It needs the environment. */
export function startSwitchScript(folder: string): string {
  return `ovs-vswitchd unix:${folder}/db.sock --pidfile --unixctl=${folder}/vswitchd.ctl --detach --log-file`;
}
