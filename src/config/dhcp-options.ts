/** The options of dhcp_agent.ini and metadata_agent.ini, with Neutron's names, meanings and defaults. */
import { optionsOf } from './option.ts';
import type { OptionReader } from './read-options.ts';
import type { DhcpSettings, MetadataSettings, NovaSettings } from './settings.ts';
import { boolean, integer, list, oneOf, text } from './values.ts';

const main = optionsOf('DEFAULT');
const big = 2147483647;
const file = text('a file');

/** Of the DHCP services of a host. */
export const dhcpOptions = {
  dnsmasqConfigFile: main('dnsmasq_config_file', file, '', 'A file of further options of dnsmasq, for every network.'),
  dnsmasqDnsServers: main(
    'dnsmasq_dns_servers',
    list(text('an address'), 'a list of addresses with commas'),
    [],
    'The servers that dnsmasq asks for names that it does not know.',
    { deprecated: ['dnsmasq_dns_server'] },
  ),
  dnsmasqLocalResolv: main(
    'dnsmasq_local_resolv',
    boolean(),
    false,
    "Whether dnsmasq asks the servers of the host's /etc/resolv.conf for names that it does not know.",
  ),
  dnsmasqLeaseMax: main('dnsmasq_lease_max', integer(1, big), 16777216, 'How many leases one dnsmasq gives at most.'),
  dnsmasqBaseLogDir: main(
    'dnsmasq_base_log_dir',
    text('a folder'),
    '',
    'A folder for the logs of DHCP and DNS, `<folder>/<network id>/dhcp_dns_log`. Empty: none are written.',
  ),
  dhcpBroadcastReply: main('dhcp_broadcast_reply', boolean(), false, 'Answer by broadcast always.'),
  dhcpRenewalTime: main(
    'dhcp_renewal_time',
    integer(0, big),
    0,
    'T1: seconds after which a client renews its lease; 0: half of it.',
  ),
  dhcpRebindingTime: main(
    'dhcp_rebinding_time',
    integer(0, big),
    0,
    'T2: seconds after which a client asks every server to renew its lease; 0: seven eighths of it.',
  ),
};

/** Of the way of instances to the metadata service, and of what answers there. */
export const metadataOptions = {
  enableMetadataProxy: main(
    'enable_metadata_proxy',
    boolean(),
    true,
    'Whether routers lead instances to the metadata service.',
  ),
  metadataPort: main(
    'metadata_port',
    integer(1, 65535),
    9697,
    "The port in a router's namespace that requests to 169.254.169.254 are redirected to.",
  ),
  enableIsolatedMetadata: main(
    'enable_isolated_metadata',
    boolean(),
    false,
    'Whether the DHCP service leads instances of subnets without a router to the metadata service.',
  ),
  forceMetadata: main(
    'force_metadata',
    boolean(),
    false,
    'Whether the DHCP service leads all instances to the metadata service, beside a router too.',
  ),
  novaMetadataHost: main(
    'nova_metadata_host',
    text('a host'),
    '',
    'The metadata service of Nova. Empty: where there is a `metadata_proxy_shared_secret`, 127.0.0.1; else the agent answers instances itself.',
    { deprecated: ['nova_metadata_ip'] },
  ),
  novaMetadataPort: main('nova_metadata_port', integer(1, 65535), 8775, 'Its port.'),
  novaMetadataProtocol: main('nova_metadata_protocol', oneOf('http', 'https'), 'http', 'How it is spoken to.'),
  novaMetadataInsecure: main('nova_metadata_insecure', boolean(), false, 'Take any certificate of it.'),
  authCaCert: main('auth_ca_cert', file, '', "PEM certificates to trust there instead of the machine's."),
  novaClientCert: main('nova_client_cert', file, '', 'A PEM certificate to show there.'),
  novaClientPrivKey: main('nova_client_priv_key', file, '', 'The key of that certificate.'),
  sharedSecret: main(
    'metadata_proxy_shared_secret',
    text('a secret'),
    '',
    "What signs the instance's id for Nova: the same as Nova's `[neutron] metadata_proxy_shared_secret`.",
    { secret: true },
  ),
};

// What configuration generators write where a value is left out.
const orNone = (path: string) => (path === '<None>' ? '' : path);

/** What the files say of DHCP. */
export function dhcpSettings({ value }: OptionReader): DhcpSettings {
  return {
    configFile: orNone(value(dhcpOptions.dnsmasqConfigFile)),
    dnsServers: value(dhcpOptions.dnsmasqDnsServers),
    localResolv: value(dhcpOptions.dnsmasqLocalResolv),
    broadcastReply: value(dhcpOptions.dhcpBroadcastReply),
    renewalSeconds: value(dhcpOptions.dhcpRenewalTime),
    rebindingSeconds: value(dhcpOptions.dhcpRebindingTime),
    leaseMax: value(dhcpOptions.dnsmasqLeaseMax),
    logFolder: orNone(value(dhcpOptions.dnsmasqBaseLogDir)),
  };
}

/** Nova, where a file names it or the secret that is shared with it. */
function novaSettings({ value }: OptionReader): NovaSettings | null {
  const sharedSecret = value(metadataOptions.sharedSecret);
  const host = value(metadataOptions.novaMetadataHost) || (sharedSecret === '' ? '' : '127.0.0.1');
  const settings = {
    sharedSecret,
    protocol: value(metadataOptions.novaMetadataProtocol),
    host,
    port: value(metadataOptions.novaMetadataPort),
    insecure: value(metadataOptions.novaMetadataInsecure),
    caFile: orNone(value(metadataOptions.authCaCert)),
    clientCertFile: orNone(value(metadataOptions.novaClientCert)),
    clientKeyFile: orNone(value(metadataOptions.novaClientPrivKey)),
  };
  return host === '' ? null : settings;
}

/** What the files say of metadata. */
export function metadataSettings(reader: OptionReader): MetadataSettings {
  const { value } = reader;
  return {
    port: value(metadataOptions.metadataPort),
    routers: value(metadataOptions.enableMetadataProxy),
    isolated: value(metadataOptions.enableIsolatedMetadata),
    force: value(metadataOptions.forceMetadata),
    nova: novaSettings(reader),
  };
}
