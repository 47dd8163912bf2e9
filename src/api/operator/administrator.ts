/** What the server tells administrators of itself, for the tools that explain and audit. Below /operator/v1, with a token. */
import type { FastifyInstance } from 'fastify';
import { forbidden } from '../../model/faults.ts';
import type { Services } from '../services.ts';
import { callerOf, type Handler, route } from '../wire/router.ts';

function toldAdministrators(rule: string, tell: () => unknown): Handler {
  return (request) => {
    if (!callerOf(request).isAdmin) throw forbidden(`rule:${rule}`);
    return tell();
  };
}

/** Registers the paths. What they tell does not grow with the number of rows. */
export function administratorRoutes(app: FastifyInstance, { settings }: Services): void {
  // The settings, not the sums: these follow from them by rules/mtu.ts, here and with whoever asks.
  route(app, '/operator/v1/mtu', { GET: toldAdministrators('get_mtu_settings', () => ({ mtu: settings.mtu })) });
}
