import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { installedBesideEpoll } from "@polyloop/sys/testing";

installedBesideEpoll("linuxaio", { afterAll, beforeAll, describe, expect, it });
