/** `neutrino metering list` and `neutrino metering show`: what metering labels have counted. */
import type { NetworkingClient } from '../../client/index.ts';
import { speaker } from '../../lib/catalogue.ts';
import { meteringLabel } from '../../model/index.ts';
import type { MeteredLabel } from '../../operations/metering-view.ts';
import { cloudOption, withCloud } from '../cloud-option.ts';
import { CommandError, command } from '../command.ts';
import { languageOption, stateDirOption } from '../common-options.ts';
import { isId } from '../mtu/server.ts';
import { defaultStateDir } from '../state.ts';
import { type MeteringSay, meteringSentences } from './sentences.ts';

const options = { stateDir: stateDirOption, cloud: cloudOption, language: languageOption };

async function labelId(api: NetworkingClient, given: string): Promise<string> {
  if (isId(given)) return given;
  const [first, second] = await api.of(meteringLabel).list({ name: given });
  if (!first)
    throw new CommandError(`There is no metering label ${JSON.stringify(given)}: name it by its id or name.`, 2);
  if (second)
    throw new CommandError(`More than one metering label is called ${JSON.stringify(given)}: name it by its id.`, 2);
  return first.id;
}

async function labelsOf(api: NetworkingClient, query = ''): Promise<MeteredLabel[]> {
  const { metering } = (await api.operator(`/metering${query}`)) as { metering: MeteredLabel[] };
  return metering;
}

function words({ id, name, project_id, shared, totals, routers = [] }: MeteredLabel, say: MeteringSay): string {
  const label = name === '' ? id : `${name} (${id})`;
  const lines = [
    ...totals.map(({ project_id: project, direction, bytes, packets }) =>
      say('total', { project, direction: say(direction), bytes, packets }),
    ),
    ...routers.map(({ router_id: router, host, direction, bytes, packets, last_update: last }) =>
      say('onRouter', { router, host, direction: say(direction), bytes, packets, last }),
    ),
  ];
  const head = shared ? say('ofAll', { label }) : say('ofProject', { label, project: project_id });
  return `${[head, ...(lines.length > 0 ? lines : [say('nothing')]).map((line) => `  ${line}`)].join('\n')}\n`;
}

/** `neutrino metering list`. */
export const meteringListCommand = command({
  name: 'metering list',
  summary: 'List what each metering label has counted on the routers of each project.',
  detail: 'Asks the server, as an administrator. Hosts report every report_interval seconds of metering_agent.ini.',
  options,
  examples: ['neutrino metering list', 'neutrino metering list --json'],
  async run({ stateDir, cloud, language }, cli) {
    const labels = await withCloud(cloud, stateDir ?? defaultStateDir(), ({ networking }) => labelsOf(networking));
    const say = speaker(meteringSentences, language);
    cli.answer(labels, (all) => (all.length === 0 ? `${say('none')}\n` : all.map((one) => words(one, say)).join('')));
    return 0;
  },
});

/** `neutrino metering show`. */
export const meteringShowCommand = command({
  name: 'metering show',
  summary: 'Tell what a metering label has counted, for each project and on each router.',
  detail:
    'Asks the server, as an administrator. What routers counted that are gone stands in the sums of their projects alone.',
  arguments: [{ name: 'LABEL', doc: 'the id or name of the label' }],
  options,
  examples: ['neutrino metering show uplink', 'neutrino metering show uplink --json'],
  async run({ stateDir, cloud, language }, cli, given) {
    const [label] = await withCloud(cloud, stateDir ?? defaultStateDir(), async ({ networking: api }) =>
      labelsOf(api, `?label_id=${encodeURIComponent(await labelId(api, given ?? ''))}`),
    );
    const say = speaker(meteringSentences, language);
    cli.answer(label, (one) => (one ? words(one, say) : `${say('none')}\n`));
    return 0;
  },
});
