import { assert } from "../../base/assert.ts";
import { WarrenError } from "../../base/errors.ts";
import { ComponentProgram } from "../../engine/component/component-program.ts";
import { HandlerInstance } from "../../engine/component/handler-instance.ts";
import { describeExit } from "../../engine/exit.ts";
import type { Program } from "../../engine/launch.ts";
import type { InstanceSpec } from "../protocol.ts";
import { burstMsMaxDefault, type GuestEnvironment } from "../server-guest.ts";
import type { MakeInstance } from "./pooled-instance.ts";

/** How instances of a revision are made. */
export function instanceMaker(spec: InstanceSpec, program: Program, environment: GuestEnvironment): MakeInstance {
  assert(program instanceof ComponentProgram, "a handler is a component");
  const { log, meter, number, preemption, share, mounts, budget } = environment;
  const output = (stream: "stdout" | "stderr") => log.stream(spec.service, spec.revision, stream);
  return async (http) => {
    const made = await HandlerInstance.start(
      program,
      {
        args: [spec.service.slice(spec.service.indexOf("/") + 1), ...spec.args],
        env: spec.env,
        mounts,
        outbound: environment.outbound(),
        ...environment.offers,
        stdout: output("stdout"),
        stderr: output("stderr"),
        meter,
        number,
        cpu: { preemption, share, burstMsMax: spec.requestMsMax ?? burstMsMaxDefault },
        budget,
      },
      http,
    );
    if (made instanceof HandlerInstance) return made;
    throw new WarrenError("handler.not-initialised", `${spec.service} ${describeExit(made)} while it was initialised`, {
      status: 502,
      hint: "its log may say why",
    });
  };
}
