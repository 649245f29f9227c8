import type { Type } from '@nestjs/common';

/** A controller that is made for each service has that service's name before its own: operations are named after it. */
export const named = (service: string, controller: Type): Type =>
  Object.defineProperty(controller, 'name', { value: `${service}.${controller.name}` });
