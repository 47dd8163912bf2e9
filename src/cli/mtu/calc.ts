/** `neutrino mtu calc`: the largest packet of a type of network, without a server. */
import { speaker } from '../../lib/catalogue.ts';
import { networkTypes } from '../../model/resources/network.ts';
import { networkMtu } from '../../rules/mtu.ts';
import type { MtuOptionName, MtuSettings, NetworkType } from '../../rules/settings.ts';
import { CommandError, command, type Given, text } from '../command.ts';
import { configOptions, languageOption, readSettings } from '../common-options.ts';
import { mtuSentences } from './sentences.ts';
import { sumWords } from './words.ts';

/** An option with a number of bytes. */
function bytes(flags: string, doc: string, least: number, most: number) {
  return text(flags, doc, (given): number | undefined => {
    if (given === undefined) return undefined;
    const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= least && value <= most) return value;
    const name = flags.split(' ')[0];
    throw new CommandError(`${name} takes a number from ${least} to ${most}, not ${JSON.stringify(given)}.`, 2);
  });
}

function readType(given: string | undefined): NetworkType {
  const type = networkTypes.find((known) => known === given);
  if (type) return type;
  const found = given === undefined ? 'it is missing' : `not ${JSON.stringify(given)}`;
  throw new CommandError(`--type takes one of ${networkTypes.join(', ')}; ${found}.`, 2);
}

function readVersion(given: string | undefined): 4 | 6 | undefined {
  if (given === undefined) return undefined;
  if (given === '4') return 4;
  if (given === '6') return 6;
  throw new CommandError(`--ip takes 4 or 6, not ${JSON.stringify(given)}.`, 2);
}

const options = {
  type: text('--type TYPE', `the type of the network: ${networkTypes.join(', ')}`, readType),
  underlay: bytes('--underlay BYTES', 'the MTU of the physical networks, in place of global_physnet_mtu', 68, 65535),
  ip: text('--ip VERSION', 'the IP version between the hosts, in place of overlay_ip_version', readVersion),
  path: bytes('--path BYTES', 'the largest packet between the hosts, in place of path_mtu', 0, 65535),
  header: bytes('--header BYTES', 'the room for a Geneve header, in place of max_header_size', 8, 300),
  physicalNetwork: text('--physical-network NAME', 'the physical network of a flat or VLAN network'),
  ...configOptions,
  language: languageOption,
};

/** The settings with what stood on the command line in place of what files say. */
function settled(settings: MtuSettings, given: Given<typeof options>): MtuSettings {
  const flags: [MtuOptionName, string, unknown][] = [
    ['global_physnet_mtu', '--underlay', given.underlay],
    ['overlay_ip_version', '--ip', given.ip],
    ['path_mtu', '--path', given.path],
    ['max_header_size', '--header', given.header],
  ];
  const places = flags.flatMap(([name, flag, value]) => (value === undefined ? [] : [[name, { flag }]]));
  return {
    globalPhysnetMtu: given.underlay ?? settings.globalPhysnetMtu,
    pathMtu: given.path ?? settings.pathMtu,
    physicalNetworkMtus: settings.physicalNetworkMtus,
    overlayIpVersion: given.ip ?? settings.overlayIpVersion,
    geneveMaxHeaderSize: given.header ?? settings.geneveMaxHeaderSize,
    places: { ...settings.places, ...Object.fromEntries(places) },
  };
}

/** `neutrino mtu calc`. */
export const mtuCalcCommand = command({
  name: 'mtu calc',
  summary: 'Tell the largest packet of a type of network, as a sum, without a server.',
  detail: 'Starts from the configuration files that are named, or from the defaults; the other options go before them.',
  options,
  examples: [
    'neutrino mtu calc --type vxlan --underlay 9000 --ip 6',
    'neutrino mtu calc --type vlan --physical-network physnet1 --config-file /etc/neutron/plugins/ml2/ml2_conf.ini',
  ],
  async run(given, cli) {
    const { networking } = readSettings(given, cli.tell);
    const segment = { type: given.type, physicalNetwork: given.physicalNetwork ?? null };
    const result = networkMtu(settled(networking.mtu, given), [segment]);
    const lines = result.fallback ? [result.fallback] : result.segments.flatMap((sum) => sum.lines);
    const say = speaker(mtuSentences, given.language);
    cli.answer({ mtu: result.mtu, ...segment, lines }, () => `${sumWords(result, say).join('\n')}\n`);
    return 0;
  },
});
