/**
 * `auth_strategy = noauth`: nobody is asked who they are. As in Neutron everybody is an administrator, unless headers say
 * otherwise: X-Project-Id (or X-Tenant-Id), X-User-Id, X-Roles.
 */
import type { FastifyRequest } from 'fastify';
import { forbidden, malformedBody } from '../../model/faults.ts';
import type { Access } from './access.ts';

/** Who asks where no header says so: user and project. */
export const nobody = 'admin';

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  if (value.length <= 255) return value.trim();
  throw malformedBody(`The header ${name} is longer than 255 characters`);
}

// A page in somebody's browser reaches the loopback address too; programs do not send these headers.
function isFromPage(request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site'];
  return request.headers.origin !== undefined || (site !== undefined && site !== 'none');
}

/** Takes callers for what they say they are. */
export function noauthAccess(): Access {
  return {
    isProven: false,
    challenge: () => 'Keystone',
    async callerOf(request) {
      if (isFromPage(request)) throw forbidden('A request from a web page, with auth_strategy = noauth,');
      const roles = (header(request, 'x-roles') ?? 'admin')
        .split(',')
        .map((role) => role.trim().toLowerCase())
        .filter((role) => role !== '');
      return {
        userId: header(request, 'x-user-id') ?? nobody,
        projectId: header(request, 'x-project-id') ?? header(request, 'x-tenant-id') ?? nobody,
        roles,
        isAdmin: roles.includes('admin'),
      };
    },
  };
}
