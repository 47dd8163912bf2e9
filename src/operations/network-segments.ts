/** The segments that a request for a network asks for: provider attributes, or a list of them. */
import { duplicateSegment, segmentsWithProviders } from '../model/faults-segments.ts';
import type { network } from '../model/index.ts';
import type { Draft } from '../model/language.ts';
import type { ProviderRequest, Segment } from '../rules/segments.ts';
import type { Context } from './context.ts';
import { chooseProviderSegment, chooseSegment } from './network-segment.ts';

type Asked = Pick<
  Draft<typeof network>,
  'provider:network_type' | 'provider:physical_network' | 'provider:segmentation_id'
>;

const requestOf = (asked: Asked): ProviderRequest => ({
  type: asked['provider:network_type'] ?? null,
  physicalNetwork: asked['provider:physical_network'] ?? null,
  id: asked['provider:segmentation_id'] ?? null,
});

/** Chooses them; nothing is written (neutron/plugins/ml2/managers.py, _process_provider_create). */
export async function chooseSegments(c: Context, draft: Draft<typeof network>, projectId: string): Promise<Segment[]> {
  const own = requestOf(draft);
  if (draft.segments === undefined || draft.segments.length === 0) return [await chooseSegment(c, own, { projectId })];
  if (own.type !== null || own.physicalNetwork !== null || own.id !== null) throw segmentsWithProviders();
  const requests = draft.segments.map((asked) => requestOf(asked as Asked));
  const whole = requests.filter((request) => request.id !== null).map((request) => JSON.stringify(request));
  if (new Set(whole).size < whole.length) throw duplicateSegment();
  const result: Segment[] = [];
  for (const request of requests) result.push(await chooseProviderSegment(c, request, { beside: result, projectId }));
  return result;
}
