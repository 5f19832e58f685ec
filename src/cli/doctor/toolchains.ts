import { findToolchain, type Language, languageNames } from "../demo/toolchain.ts";
import { type Finding, ok, warn } from "./finding.ts";

/** What programs can be compiled with here. Only `warren demo` needs them: a missing one is no fault. */
export async function checkToolchains(): Promise<Finding[]> {
  const languages = Object.keys(languageNames) as Language[];
  return Promise.all(
    languages.map(async (language) => {
      const toolchain = await findToolchain(language);
      const name = languageNames[language];
      return toolchain.available
        ? ok(name, toolchain.version.split("\n")[0] ?? "")
        : warn(name, toolchain.reason, toolchain.install);
    }),
  );
}
