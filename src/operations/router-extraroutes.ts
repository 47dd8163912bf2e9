/** `add_extraroutes` and `remove_extraroutes`: routes that come and go one by one (neutron/db/extraroute_db.py). */
import { malformedBody } from '../model/faults.ts';
import { router } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { Problem } from '../model/types.ts';

type Routes = Row<typeof router>['routes'];

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const same = (a: Routes[number], b: Routes[number]) => a.destination === b.destination && a.nexthop === b.nexthop;

/** The routes in a body `{"router": {"routes": […]}}`; a 400 where it is not of that form. */
export function routesIn(body: Readonly<Record<string, unknown>>): Routes {
  const wrapped = body.router;
  if (!isObject(wrapped) || !Object.hasOwn(wrapped, 'routes')) {
    throw malformedBody('Expected {"router": {"routes": [{"destination": PREFIX, "nexthop": ADDRESS}]}}');
  }
  const routes = router.fields.routes.type.parse(wrapped.routes);
  if (routes instanceof Problem) {
    throw malformedBody(
      `Invalid input for routes${routes.path}. Reason: expected ${routes.expected}, found ${routes.found}.`,
    );
  }
  return routes;
}

/** The routes that are there, and those that come; one that is there already is no second one. */
export function withRoutes(before: Routes, come: Routes): Routes {
  return [...before, ...come.filter((route) => !before.some((own) => same(own, route)))];
}

/** The routes without those that go; one that is not there is gone already. */
export function withoutRoutes(before: Routes, go: Routes): Routes {
  return before.filter((own) => !go.some((route) => same(own, route)));
}
