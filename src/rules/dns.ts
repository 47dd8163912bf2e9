/** What the addresses of a port are called (neutron/plugins/ml2/extensions/dns_integration.py). */
import { deviceHostname } from './host-view/hostname.ts';
import type { NetworkingSettings } from './settings.ts';

/** One address with its name. */
export interface DnsAssignment {
  readonly ip_address: string;
  readonly hostname: string;
  /** With its final dot. */
  readonly fqdn: string;
}

/** The domain of an installation that did not choose one: there ports have no names of their own. */
const DEFAULT_DOMAIN = 'openstacklocal';

/** Whether ports may have names: somebody chose a dns_domain. */
export function hasNames(settings: Pick<NetworkingSettings, 'dnsDomain'>): boolean {
  return settings.dnsDomain !== '' && settings.dnsDomain !== DEFAULT_DOMAIN;
}

/** The name that a port has under these settings; '' for none. */
export function nameUnder(settings: Pick<NetworkingSettings, 'dnsDomain'>, dnsName: string): string {
  return hasNames(settings) ? dnsName : '';
}

/**
 * Why a name cannot be: a full name is to end with the domain, and a relative one to have room for it; `undefined` where it can.
 * Neutron: neutron_lib/api/validators/dns.py.
 */
export function problemOfName(settings: Pick<NetworkingSettings, 'dnsDomain'>, dnsName: string): string | undefined {
  if (dnsName === '' || !hasNames(settings)) return undefined;
  const higher = `.${settings.dnsDomain}.`;
  if (!dnsName.endsWith('.')) {
    return dnsName.length + higher.length > 255
      ? `the name with the dns_domain '${settings.dnsDomain}' is longer than 255 characters`
      : undefined;
  }
  return dnsName.length > higher.length && dnsName.endsWith(higher)
    ? undefined
    : `a full name must end with the dns_domain of neutron.conf, '${higher.slice(1)}', with one or more labels before it`;
}

/** The names of these addresses of a port with this name. */
export function dnsAssignments(
  settings: Pick<NetworkingSettings, 'dnsDomain'>,
  dnsName: string,
  ips: readonly string[],
): DnsAssignment[] {
  const name = nameUnder(settings, dnsName);
  const full = (host: string) => (settings.dnsDomain === '' ? host : `${host}.${settings.dnsDomain}.`);
  return ips.map((ip_address) => {
    const hostname = name || deviceHostname(ip_address);
    return { ip_address, hostname, fqdn: hostname.endsWith('.') ? hostname : full(hostname) };
  });
}

/** The name that DHCP gives an address, without a final dot: short where the domain of the service is to follow. */
export function leaseName(settings: Pick<NetworkingSettings, 'dnsDomain'>, dnsName: string, ip: string): string {
  const name = nameUnder(settings, dnsName);
  if (name === '') return deviceHostname(ip);
  if (name.endsWith('.')) return name.slice(0, -1);
  return name.includes('.') ? `${name}.${settings.dnsDomain}` : name;
}
