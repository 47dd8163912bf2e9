/** `neutrino mtu explain`: why a network has its MTU. */
import { speaker } from '../../lib/catalogue.ts';
import { cloudOption, withCloud } from '../cloud-option.ts';
import { command, type ExitCode } from '../command.ts';
import { languageOption, stateDirOption } from '../common-options.ts';
import { defaultStateDir } from '../state.ts';
import { type MtuSay, mtuSentences } from './sentences.ts';
import { type Compared, compare, findNetwork, nameOf, settingsOfServer, type Verdict } from './server.ts';
import { sumWords } from './words.ts';

/** 0: as the configuration gives it; 1: smaller; 2: larger, so that packets are lost. */
export const exitCodes: Readonly<Record<Verdict, ExitCode>> = { equal: 0, below: 1, above: 2 };

function explainWords(it: Compared, say: MtuSay): string {
  const { verdict, now } = it;
  const judged = verdict === 'equal' ? say('equal') : say(verdict, { mtu: now.mtu });
  const command = `openstack network set --mtu ${now.mtu} ${it.id}`;
  return [
    say('network', { name: nameOf(it), mtu: it.stored }),
    '',
    ...sumWords(now, say),
    '',
    say('stored', { mtu: it.stored }),
    judged,
    ...(verdict === 'equal' ? [] : [say('howToSet', { command })]),
    '',
  ].join('\n');
}

/** `neutrino mtu explain`. */
export const mtuExplainCommand = command({
  name: 'mtu explain',
  summary:
    'Tell why a network has its MTU: each option that had a say, with its file and line, and what the tunnel takes.',
  detail:
    'Asks the server, as an administrator. Exit code 1: the stored MTU is below what the configuration gives now; 2: it is above,\nand larger packets are lost between hosts.',
  arguments: [{ name: 'NETWORK', doc: 'the id or name of the network' }],
  options: { stateDir: stateDirOption, cloud: cloudOption, language: languageOption },
  examples: ['neutrino mtu explain inside', 'neutrino mtu explain inside --json'],
  async run({ stateDir, cloud, language }, cli, given) {
    const it = await withCloud(cloud, stateDir ?? defaultStateDir(), async ({ networking: api }) =>
      compare(await findNetwork(api, given ?? ''), await settingsOfServer(api)),
    );
    const { id, name, stored, verdict, now } = it;
    const say = speaker(mtuSentences, language);
    cli.answer({ id, name, stored, verdict, ...now }, () => explainWords(it, say));
    return exitCodes[verdict];
  },
});
