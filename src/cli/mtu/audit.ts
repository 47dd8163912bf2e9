/** `neutrino mtu audit`: the networks whose MTU is not what the configuration gives now. */
import { ClientError, type NetworkingClient } from '../../client/index.ts';
import { speaker } from '../../lib/catalogue.ts';
import { cloudOption, withCloud } from '../cloud-option.ts';
import { command, type ExitCode, flag, texts } from '../command.ts';
import { languageOption, stateDirOption } from '../common-options.ts';
import { defaultStateDir } from '../state.ts';
import { type MtuSay, mtuSentences } from './sentences.ts';
import { type Compared, compare, findNetwork, nameOf, settingsOfServer } from './server.ts';

/** A network that differs, and what came of setting it; `fixed` is absent where nothing was tried. */
interface Finding {
  readonly id: string;
  readonly name: string;
  readonly stored: number;
  readonly now: number;
  readonly verdict: Compared['verdict'];
  readonly fixed?: boolean;
  /** Why it could not be set. */
  readonly why?: string;
}

interface Audit {
  /** Networks that were looked at. */
  readonly count: number;
  readonly networks: readonly Finding[];
}

interface Asked {
  readonly named: readonly string[];
  readonly onlyAbove: boolean;
  readonly fix: boolean;
}

async function setMtu(api: NetworkingClient, finding: Finding): Promise<Finding> {
  try {
    await api.networks.update(finding.id, { mtu: finding.now });
    return { ...finding, fixed: true };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { ...finding, fixed: false, why: error.message };
  }
}

async function audit(api: NetworkingClient, { named, onlyAbove, fix }: Asked): Promise<Audit> {
  const settings = await settingsOfServer(api);
  const rows = named.length === 0 ? await api.networks.list() : [];
  for (const name of named) rows.push(await findNetwork(api, name));
  const networks: Finding[] = [];
  for (const row of rows) {
    const { id, name, stored, now, verdict } = compare(row, settings);
    if (verdict === 'equal' || (onlyAbove && verdict === 'below')) continue;
    const finding = { id, name, stored, now: now.mtu, verdict };
    networks.push(fix ? await setMtu(api, finding) : finding);
  }
  return { count: rows.length, networks };
}

function findingWords(finding: Finding, say: MtuSay): string {
  const { stored, now, verdict, fixed, why = '' } = finding;
  const name = nameOf(finding);
  if (fixed === true) return say('fixed', { name, stored, now });
  if (fixed === false) return say('notFixed', { name, stored, why });
  return say(verdict === 'above' ? 'auditAbove' : 'auditBelow', { name, stored, now });
}

function auditWords({ count, networks }: Audit, { fix, onlyAbove }: Asked, say: MtuSay): string {
  if (networks.length === 0) return `${say(onlyAbove ? 'noneAbove' : 'allEqual', { count })}\n`;
  const above = networks.filter(({ verdict }) => verdict === 'above').length;
  const end = fix
    ? [say('learnLater')]
    : [say('auditEnd', { different: networks.length, count, above }), say('howToFix')];
  return `${[...networks.map((finding) => findingWords(finding, say)), ...end].join('\n')}\n`;
}

function exitCodeOf(networks: readonly Finding[]): ExitCode {
  const left = networks.filter(({ fixed }) => fixed !== true);
  if (left.length === 0) return 0;
  return left.some(({ verdict, fixed }) => verdict === 'above' || fixed === false) ? 2 : 1;
}

/** `neutrino mtu audit`. */
export const mtuAuditCommand = command({
  name: 'mtu audit',
  summary: 'List the networks whose MTU is not what the configuration gives now, and set them where wanted.',
  detail:
    'A network keeps the MTU that it was created with when the configuration changes. Asks the server, as an administrator. Exit\ncode 0: none differs, or all were set; 1: some could be larger; 2: some are too large, so that packets are lost, or could not\nbe set.',
  options: {
    fix: flag('--fix', 'set them, through the API'),
    onlyAbove: flag('--only-above', 'only those that are too large: a smaller MTU may be what somebody chose'),
    named: texts('--network NETWORK', 'only this network, by id or name; may stand several times'),
    stateDir: stateDirOption,
    cloud: cloudOption,
    language: languageOption,
  },
  examples: ['neutrino mtu audit', 'neutrino mtu audit --only-above --fix'],
  async run({ stateDir, cloud, language, ...asked }, cli) {
    const result = await withCloud(cloud, stateDir ?? defaultStateDir(), ({ networking }) => audit(networking, asked));
    const say = speaker(mtuSentences, language);
    cli.answer(result, (it) => auditWords(it, asked, say));
    return exitCodeOf(result.networks);
  },
});
