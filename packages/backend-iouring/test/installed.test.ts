import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { installedBesideEpoll } from "@polyloop/sys/testing";

installedBesideEpoll("iouring", { afterAll, beforeAll, describe, expect, it });
