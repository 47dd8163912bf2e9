/** From files to settings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { MtuSettings, NetworkingSettings, OptionPlace } from '../rules/settings.ts';
import { dhcpSettings, metadataSettings } from './dhcp-options.ts';
import { type OptionDefinition, roleOf } from './option.ts';
import { options } from './options.ts';
import { type Entry, type Problem, parseOslo, problemText } from './oslo.ts';
import { ineffective, type OptionReader, readOptions } from './read-options.ts';
import type { AgentSettings, DatabaseSettings, KeystoneSettings, OvsSettings, Settings } from './settings.ts';

/** The files do not say something usable; the message has one sentence for each thing that is wrong, each on its line. */
export class ConfigError extends Error {}

/** Settings, and a sentence for each thing in the files that has no effect. */
export interface Loaded {
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

/** A file and its text. */
export interface ConfigFile {
  readonly path: string;
  readonly content: string;
}

/** Every option. */
export const allOptions: readonly OptionDefinition<unknown>[] = Object.values(options) as OptionDefinition<unknown>[];

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES') return 'permission denied';
  return code === 'EISDIR' ? 'it is a folder' : String(code ?? error);
}

function readConfigFile(path: string): ConfigFile {
  try {
    return { path, content: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new ConfigError(`The configuration file ${path} cannot be read: ${reasonOf(error)}.`);
  }
}

/** The *.conf files of a folder, by name: later ones go before earlier ones (oslo_config/cfg.py, `_ConfigDirOpt`). */
function filesIn(folder: string): string[] {
  try {
    // A name that begins with a dot is none of `*.conf`.
    const names = readdirSync(folder).filter((name) => /^[^.].*\.conf$/.test(name));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    throw new ConfigError(`The configuration folder ${folder} cannot be read: ${reasonOf(error)}.`);
  }
}

/** Reads the files, then those of the folders; where an option stands twice, the later counts. Throws a ConfigError. */
export function loadSettings(files: readonly string[], folders: readonly string[] = []): Loaded {
  const loaded = settingsOf([...files, ...folders.flatMap(filesIn)].map(readConfigFile));
  return { ...loaded, warnings: [...folders.flatMap(passedOver), ...loaded.warnings] };
}

/** Of a folder's other files of settings it is said that they were not read. */
function passedOver(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /^[^.].*\.ini$/.test(name) && name !== 'api-paste.ini');
  if (names.length === 0) return [];
  return [
    `${folder}: --config-dir reads *.conf only, as in Neutron, and not ${names.sort().join(', ')}: name those by --config-file.`,
  ];
}

/** The settings that the texts of files say. Throws a ConfigError. */
export function settingsOf(files: readonly ConfigFile[]): Loaded {
  const parsed = files.map(({ path, content }) => parseOslo(path, content));
  const entries: Entry[] = parsed.flatMap((one) => one.entries);
  const reader = readOptions(entries, allOptions);
  const roles = new Set(files.map((file) => roleOf(file.path)));
  const settings: Settings = {
    networking: networkingSettings(reader, roles.has('server')),
    server: {
      bindHost: reader.value(options.bindHost),
      bindPort: reader.value(options.bindPort),
      authStrategy: reader.value(options.authStrategy),
      keystone: keystoneSettings(reader),
      database: databaseSettings(reader),
    },
    agent: agentSettings(reader, roles.has('l3')),
    host: reader.value(options.host),
    statePath: reader.value(options.statePath),
    debug: reader.value(options.debug),
  };
  const problems: Problem[] = [...parsed.flatMap((one) => one.problems), ...reader.problems];
  if (problems.length > 0) throw new ConfigError(problems.map(problemText).join('\n'));
  return { settings, warnings: [...notes(reader, roles.has('server')), ...ineffective(entries, allOptions)] };
}

/** What follows from leaving things out, or from naming what is not there yet. */
function notes(reader: OptionReader, hasServerFile: boolean): string[] {
  const result: string[] = [];
  if (hasServerFile && reader.entry(options.servicePlugins) === undefined)
    result.push('No file sets [DEFAULT] service_plugins: routers are on, port forwarding is off.');
  const told = (option: OptionDefinition<readonly string[]>, known: readonly string[]): void => {
    const entry = reader.entry(option);
    const others = reader.value(option).filter((name) => !known.includes(name));
    if (entry && others.length > 0)
      result.push(
        `${entry.file}:${entry.line}: [${entry.section}] ${entry.name}: ${others.join(', ')} ${others.length === 1 ? 'is' : 'are'} not there yet; there is ${known.join(', ')}.`,
      );
  };
  const challenge = reader.entry(options.publicAuthUrl);
  if (challenge && reader.value(options.authUrl) === '' && reader.value(options.authStrategy) === 'keystone')
    result.push(
      `${challenge.file}:${challenge.line}: [keystone_authtoken] ${challenge.name} has no effect without auth_url: the embedded Identity answers.`,
    );
  told(options.servicePlugins, [
    'router',
    'port_forwarding',
    'segments',
    'network_segment_range',
    'qos',
    'trunk',
    'conntrack_helper',
    'ndp_proxy',
    'metering',
    'local_ip',
  ]);
  told(options.mechanismDrivers, ['linuxbridge', 'openvswitch', 'l2population']);
  told(options.extensionDrivers, [
    'port_security',
    'qos',
    'dns',
    'dns_domain_ports',
    'data_plane_status',
    'uplink_status_propagation',
    'uplink_status_propagation_updatable',
  ]);
  told(options.l3Extensions, ['port_forwarding', 'conntrack_helper', 'ndp_proxy']);
  return result;
}

/** A path of SQLite is absolute, with three slashes or four: a service has no folder that a path could be relative to. */
function databaseSettings(reader: OptionReader): DatabaseSettings {
  const url = reader.value(options.connection);
  const sqlite = /^sqlite:\/\/\/+([^/].*)$/.exec(url)?.[1];
  if (url === '' || sqlite !== undefined) return { kind: 'sqlite', path: sqlite === undefined ? '' : `/${sqlite}` };
  const postgres = /^postgres(?:ql)?(?:\+\w+)?(:\/\/.+)$/.exec(url)?.[1];
  if (postgres === undefined) reader.refuse(options.connection, options.connection.kind.expected);
  return { kind: 'postgres', url: `postgresql${postgres}` };
}

/** The Keystone that the files name; null where they name none, or where nobody is asked who they are. */
function keystoneSettings(reader: OptionReader): KeystoneSettings | null {
  const { value } = reader;
  const authUrl = value(options.authUrl);
  const [username, password] = [value(options.keystoneUser), value(options.keystonePassword)];
  const [project, projectId] = [value(options.keystoneProject), value(options.keystoneProjectId)];
  const settings: KeystoneSettings = {
    ...{ authUrl, username, password, project, projectId },
    userDomain: value(options.keystoneUserDomain),
    userDomainId: value(options.keystoneUserDomainId),
    projectDomain: value(options.keystoneProjectDomain),
    projectDomainId: value(options.keystoneProjectDomainId),
    publicAuthUrl: value(options.publicAuthUrl),
    interface: value(options.keystoneInterface).replace(/URL$/, ''),
    region: value(options.keystoneRegion),
    caFile: value(options.keystoneCa),
    insecure: value(options.keystoneInsecure),
    cacheSeconds: value(options.tokenCacheTime),
    deadlineSeconds: value(options.keystoneTimeout),
    retries: value(options.keystoneRetries),
    serviceRoles: value(options.serviceTokenRoles),
    serviceRolesRequired: value(options.serviceTokenRolesRequired),
  };
  if (authUrl === '' || value(options.authStrategy) === 'noauth') return null;
  // Read for what it refuses: there is one way to log in.
  value(options.authType);
  const missing = [
    ...(username === '' ? ['username'] : []),
    ...(password === '' ? ['password'] : []),
    ...(project === '' && projectId === '' ? ['project_name'] : []),
  ];
  if (missing.length > 0)
    reader.refuse(
      options.authUrl,
      `${missing.join(', ')} of a service user beside it (or auth_url empty, for the embedded Identity)`,
    );
  return settings;
}

function advertisementSeconds(reader: OptionReader): AgentSettings['advertisementSeconds'] {
  const min = reader.value(options.minAdvertisementSeconds);
  const max = reader.value(options.maxAdvertisementSeconds);
  if (min > 0.75 * max) reader.refuse(options.minAdvertisementSeconds, `at most 75 % of max_rtr_adv_interval (${max})`);
  return { min, max };
}

function ovsSettings({ value }: OptionReader): OvsSettings {
  return {
    integrationBridge: value(options.integrationBridge),
    tunnelBridge: value(options.tunnelBridge),
    datapath: value(options.datapathType),
    connection: value(options.ovsdbConnection),
    tunnelTypes: value(options.tunnelTypes),
    arpResponder: value(options.arpResponder),
  };
}

function agentSettings(reader: OptionReader, hasL3File: boolean): AgentSettings {
  const drivers = reader.value(options.mechanismDrivers);
  return {
    driver: drivers.find((name) => name === 'linuxbridge' || name === 'openvswitch') ?? 'linuxbridge',
    ovs: ovsSettings(reader),
    dhcp: dhcpSettings(reader),
    metadata: metadataSettings(reader),
    bridgeMappings: reader.value(options.bridgeMappings),
    interfaceMappings: reader.value(options.interfaceMappings),
    localIp: reader.value(options.localIp) || null,
    arpResponder: reader.value(options.vxlanArpResponder),
    l3Extensions: reader.given(options.l3Extensions) ?? (hasL3File ? [] : options.l3Extensions.default),
    availabilityZone: reader.value(options.availabilityZone),
    resyncIntervalSeconds: reader.value(options.resyncInterval),
    natDriver: reader.value(options.natDriver),
    clampsMss: reader.value(options.clampsMss),
    advertisementSeconds: advertisementSeconds(reader),
    reportIntervalSeconds: reader.value(options.reportInterval),
    meteringIntervalSeconds: reader.value(options.meteringReportInterval),
  };
}

const quotaOptions = {
  network: options.quotaNetwork,
  subnet: options.quotaSubnet,
  port: options.quotaPort,
  router: options.quotaRouter,
  floatingip: options.quotaFloatingip,
  security_group: options.quotaSecurityGroup,
  security_group_rule: options.quotaSecurityGroupRule,
  rbac_policy: options.quotaRbacPolicy,
};

// Neutron has no option for each of these: they have default_quota.
const withoutOption = ['subnetpool', 'trunk'];

/** Only what a file sets: everything else has the model's default. */
function quotas(reader: OptionReader): Record<string, number> {
  const usual = reader.given(options.defaultQuota);
  const given = [
    ...withoutOption.map((name) => [name, usual] as const),
    ...Object.entries(quotaOptions).map(([name, option]) => [name, reader.given(option)] as const),
  ];
  return Object.fromEntries(given.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

// What setup.cfg of Neutron calls the classes that files may name in place of a plug-in.
const pluginClasses: Readonly<Record<string, string>> = {
  L3RouterPlugin: 'router',
  PortForwardingPlugin: 'port_forwarding',
  QoSPlugin: 'qos',
  TrunkPlugin: 'trunk',
  MeteringPlugin: 'metering',
  LocalIPPlugin: 'local_ip',
  TagPlugin: 'tag',
  TimeStampPlugin: 'timestamp',
  FlavorsPlugin: 'flavors',
  NetworkIPAvailabilityPlugin: 'network_ip_availability',
};

/** The name of a plug-in; `neutron.services.l3_router.l3_router_plugin.L3RouterPlugin` is `router`. */
function pluginName(given: string): string {
  return (given.includes('.') ? pluginClasses[given.slice(given.lastIndexOf('.') + 1)] : undefined) ?? given;
}

/** The option's place in the files, under its present name. */
function placeOf(reader: OptionReader, option: OptionDefinition<unknown>): Record<string, OptionPlace> {
  const entry = reader.entry(option);
  return entry ? { [option.name]: { file: resolve(entry.file), line: entry.line } } : {};
}

function mtuSettings(reader: OptionReader): MtuSettings {
  const { globalPhysnetMtu, pathMtu, physicalNetworkMtus, overlayIpVersion, geneveMaxHeaderSize } = options;
  const all = [globalPhysnetMtu, pathMtu, physicalNetworkMtus, overlayIpVersion, geneveMaxHeaderSize];
  return {
    globalPhysnetMtu: reader.value(globalPhysnetMtu),
    pathMtu: reader.value(pathMtu),
    physicalNetworkMtus: reader.value(physicalNetworkMtus),
    overlayIpVersion: reader.value(overlayIpVersion),
    geneveMaxHeaderSize: reader.value(geneveMaxHeaderSize),
    places: Object.assign({}, ...all.map((option) => placeOf(reader, option as OptionDefinition<unknown>))),
  };
}

function networkingSettings(reader: OptionReader, hasServerFile: boolean): NetworkingSettings {
  const { value } = reader;
  return {
    servicePlugins:
      reader.given(options.servicePlugins)?.map(pluginName) ??
      (hasServerFile ? ['router'] : options.servicePlugins.default),
    extensionDrivers: value(options.extensionDrivers),
    mechanismDrivers: value(options.mechanismDrivers),
    typeDrivers: value(options.typeDrivers),
    tenantNetworkTypes: value(options.tenantNetworkTypes),
    flatNetworks: value(options.flatNetworks),
    vlanRanges: value(options.vlanRanges),
    vxlanRanges: value(options.vxlanRanges),
    geneveRanges: value(options.geneveRanges),
    greRanges: value(options.greRanges),
    mtu: mtuSettings(reader),
    quotas: quotas(reader),
    dhcpAgentsPerNetwork: value(options.dhcpAgentsPerNetwork),
    defaultAvailabilityZones: value(options.defaultAvailabilityZones),
    agentDownTimeSeconds: value(options.agentDownTime),
    dhcpLeaseSeconds: value(options.dhcpLeaseDuration),
    dnsDomain: value(options.dnsDomain).replace(/\.$/, ''),
    baseMac: value(options.baseMac),
    maxRoutes: value(options.maxRoutes),
    maxSubnetHostRoutes: value(options.maxSubnetHostRoutes),
    maxDnsNameservers: value(options.maxDnsNameservers),
    enableNdpProxyByDefault: value(options.enableNdpProxyByDefault),
    paginationMaxLimit: value(options.paginationMaxLimit),
    meteringMetrics: value(options.meteringMetrics),
  };
}
