// The services of a runtime behind one HTTP server.
import { Controller, Get, Module, type DynamicModule, type Type } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { guard, Public } from '../http/access';
import { addCommandRoutes } from '../http/command-routes';
import { asyncApi, openApi, type Json } from '../http/documents';
import { EventsController } from '../http/events.controller';
import { HealthController, MetricsController, OperationsController } from '../http/operations.controller';
import { ProblemFilter } from '../http/problem-filter';
import { RightsController } from '../http/rights.controller';
import { configure, httpAdapter } from '../http/server';
import type { Service } from '../service';
import type { TokenVerifier } from '../tokens/verify';
import { Runtime } from './runtime';

function documents(open: Json, asynchronous: Json): Type {
  @Controller()
  class Documents {
    @Get('openapi.json')
    @Public()
    openApi() {
      return open;
    }

    @Get('asyncapi.json')
    @Public()
    asyncApi() {
      return asynchronous;
    }
  }
  return Documents;
}

function moduleOf(services: readonly Service[], runtime: Runtime, extra: readonly Type[]): DynamicModule {
  class KamsModule {}
  Module({})(KamsModule);
  return {
    module: KamsModule,
    controllers: [
      ...services.flatMap((it) => it.controllers),
      EventsController,
      HealthController,
      MetricsController,
      OperationsController,
      RightsController,
      ...extra,
    ],
    providers: [
      { provide: Runtime, useValue: runtime },
      { provide: APP_FILTER, useFactory: () => new ProblemFilter(runtime) },
    ],
  };
}

export async function createApp(runtime: Runtime, verifier: TokenVerifier, version: string): Promise<NestFastifyApplication> {
  const { services, installation } = runtime;
  const open = openApi(installation, version, runtime.problems);
  const adapter = httpAdapter();
  const server = adapter.getInstance() as unknown as FastifyInstance;
  configure(server, runtime);
  guard(server, verifier, runtime.rights);
  addCommandRoutes(server, runtime);
  const app = await NestFactory.create<NestFastifyApplication>(
    moduleOf(services, runtime, [documents(open, asyncApi(installation, version))]),
    adapter,
    { logger: ['error', 'warn'], bodyParser: false, abortOnError: false },
  );
  SwaggerModule.setup('docs', app, () => open as never, { jsonDocumentUrl: 'docs/json', yamlDocumentUrl: 'docs/yaml' });
  await app.init();
  return app;
}
