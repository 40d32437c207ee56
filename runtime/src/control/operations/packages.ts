import { z } from 'zod';
import { toError } from '../../base/streamlib-error.js';
import { TooManyRequests } from '../../python/environment/decide.js';
import { parseRequirement } from '../../python/environment/requirement.js';
import type { PackageManager } from '../../python/environment/types.js';
import { ControlError } from '../control-error.js';
import { type ControlContext, operation } from '../operation.js';

const record = z.object({
  id: z.string(),
  package: z.string(),
  version: z.string().nullable(),
  reason: z.string(),
  status: z.enum(['pending', 'approved', 'installing', 'installed', 'denied', 'failed']),
  detail: z.string(),
  next: z.string(),
  installedVersion: z.string().optional(),
});

function manager({ services }: ControlContext): PackageManager {
  if (services.packages === null)
    throw new ControlError(
      'unavailable',
      'this runtime does not manage Python packages',
      'Use what list_processors shows; numpy is always there.',
    );
  return services.packages;
}

export const listPackages = operation({
  name: 'list_python_packages',
  title: 'Python packages',
  description:
    'The Python packages that code may import, by distribution name (cv2 is opencv-python or opencv-python-headless). What is not here can be asked for with request_package.',
  input: z.object({ filter: z.string().optional().describe('Only names that contain this.') }),
  output: z.object({
    packages: z.array(
      z.object({ name: z.string(), version: z.string(), modules: z.array(z.string()).optional() }),
    ),
    strategy: z
      .string()
      .describe('Who decides about requests: AllowList, AutoApprove, RequireApproval or DenyAll.'),
  }),
  readOnly: true,
  run: async (context, { filter }) => {
    const packages = manager(context);
    const wanted = filter?.toLowerCase() ?? '';
    const found = (await packages.list()).filter(
      ({ name, modules }) =>
        name.toLowerCase().includes(wanted) ||
        modules?.some((module) => module.toLowerCase().includes(wanted)),
    );
    return {
      packages: found.map(({ name, version, modules }) => ({
        name,
        version,
        ...(modules !== undefined && { modules: [...modules] }),
      })),
      strategy: packages.strategy,
    };
  },
});

export const requestPackage = operation({
  name: 'request_package',
  title: 'Ask for a package',
  description:
    'Asks for a Python package with the reason it is needed. Depending on the strategy it is installed at once, waits for a person, or is denied; ask get_package_status.',
  input: z.object({
    package: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'is not a package name')
      .describe('The distribution\'s name, such as "opencv-python-headless".'),
    version: z.string().max(100).optional().describe('A version range such as ">=4.10,<5".'),
    reason: z.string().min(1).max(500).describe('Why it is needed: a person may read it.'),
  }),
  output: record,
  readOnly: false,
  run: async (context, { package: name, version, reason }) => {
    const packages = manager(context);
    try {
      parseRequirement(name, version);
    } catch (error) {
      throw new ControlError('invalid', toError(error).message, 'Correct it and ask again.');
    }
    try {
      return await packages.request({
        package: name,
        reason,
        requestedBy: context.origin,
        ...(version !== undefined && { version }),
      });
    } catch (error) {
      if (!(error instanceof TooManyRequests)) throw error;
      throw new ControlError(
        'denied',
        error.message,
        'Do without it for now; the user decides with `streamlib packages`.',
      );
    }
  },
});

export const packageStatus = operation({
  name: 'get_package_status',
  title: 'What became of a request',
  description:
    'Whether a package that was asked for is pending, approved, installing, installed, denied or failed, and why.',
  input: z.object({ package: z.string().min(1).describe("The id of the request, or the package's name.") }),
  output: record,
  readOnly: true,
  run: async (context, { package: name }) => {
    const found = await manager(context).status(name);
    if (found === null)
      throw new ControlError(
        'not_found',
        `"${name}" has not been requested`,
        'Ask for it with request_package, or look whether list_python_packages has it already.',
      );
    return found;
  },
});
