/** What the server tells administrators of itself, for the tools that explain and audit. Below /operator/v1, with a token. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { forbidden } from '../../model/faults.ts';
import { meteredLabel, meteredLabels } from '../../operations/metering-view.ts';
import type { Services } from '../services.ts';
import { readQuery } from '../wire/query-string.ts';
import { callerOf, type Handler, route } from '../wire/router.ts';

function toldAdministrators(rule: string, tell: (request: FastifyRequest) => unknown): Handler {
  return (request) => {
    if (!callerOf(request).isAdmin) throw forbidden(`rule:${rule}`);
    return tell(request);
  };
}

/** Registers the paths. */
export function administratorRoutes(app: FastifyInstance, { settings, store }: Services): void {
  // The settings, not the sums: these follow from them by rules/mtu.ts, here and with whoever asks.
  route(app, '/operator/v1/mtu', { GET: toldAdministrators('get_mtu_settings', () => ({ mtu: settings.mtu })) });
  route(app, '/operator/v1/metering', {
    GET: toldAdministrators('get_metering', async (request) => {
      const labelId = readQuery(request.url).get('label_id')?.at(-1);
      const labels = await store.read(async (r) => (labelId ? [await meteredLabel(r, labelId)] : meteredLabels(r)));
      return { metering: labels };
    }),
  });
}
