/** DHCP options of single ports: what a request makes of those that are there (neutron/db/extradhcpopt_db.py). */

/** An option as it is kept. */
export interface DhcpOption {
  readonly opt_name: string;
  readonly opt_value: string;
  readonly ip_version: number;
}

/** An option of a request: null takes it away. */
export interface OptionRequest {
  readonly opt_name: string;
  readonly opt_value: string | null;
  readonly ip_version?: number | undefined;
}

// Options that may be sent without a value, which tells the client that there is none.
const mayBeBlank = ['router', 'classless-static-route'];

const isValue = ({ opt_name, opt_value }: OptionRequest) =>
  mayBeBlank.includes(opt_name) ? opt_value !== null : opt_value !== null && opt_value !== '';

/** The options after a request: what it names is set, or taken away by null; what it does not name stays. */
export function optionsAfter(before: readonly DhcpOption[], requests: readonly OptionRequest[]): DhcpOption[] {
  const options = new Map(before.map((option) => [`${option.ip_version} ${option.opt_name}`, option]));
  for (const request of requests) {
    const version = request.ip_version ?? 4;
    const key = `${version} ${request.opt_name}`;
    if (request.opt_value === null) options.delete(key);
    else if (isValue(request)) {
      options.set(key, { opt_name: request.opt_name, opt_value: request.opt_value, ip_version: version });
    }
  }
  return [...options.values()];
}

/** What is wrong with a request; `undefined` for nothing. A line break in a value would be a line of dnsmasq's file. */
export function problemOfOption(request: OptionRequest): string | undefined {
  const version = request.ip_version ?? 4;
  if (version !== 4 && version !== 6) return `ip_version must be 4 or 6, found ${version}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(request.opt_value ?? '')) return 'opt_value must have no control characters';
  if (request.opt_value === '' && !mayBeBlank.includes(request.opt_name)) {
    return `opt_value must not be empty for ${request.opt_name}`;
  }
  return undefined;
}
