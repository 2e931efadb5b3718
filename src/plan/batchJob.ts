/**
 * A Google Cloud Batch job (v1) in the API's own JSON form, as far as fepcast writes or reads it. Field names and
 * enums are the protos'; int64 may be a number or a string, a Duration is "43200s".
 * Source: protos of @google-cloud/batch 2.5.0.
 */
export interface BatchJob {
  priority?: number | string;
  taskGroups: BatchTaskGroup[];
  allocationPolicy?: {
    location?: { allowedLocations?: string[] };
    instances?: BatchInstances[];
    serviceAccount?: { email?: string; scopes?: string[] };
    labels?: Record<string, string>;
    network?: {
      networkInterfaces?: { network?: string; subnetwork?: string; noExternalIpAddress?: boolean }[];
    };
    tags?: string[];
  };
  labels?: Record<string, string>;
  logsPolicy?: { destination?: 'CLOUD_LOGGING' | 'PATH'; logsPath?: string };
}

export interface BatchInstances {
  policy?: {
    machineType?: string;
    provisioningModel?: 'STANDARD' | 'SPOT' | 'PREEMPTIBLE' | 'RESERVATION_BOUND' | 'FLEX_START';
    accelerators?: { type?: string; count?: number | string }[];
    bootDisk?: { image?: string; type?: string; sizeGb?: number | string };
    reservation?: string;
  };
  installGpuDrivers?: boolean;
}

export interface BatchTaskGroup {
  taskCount?: number | string;
  parallelism?: number | string;
  taskCountPerNode?: number | string;
  schedulingPolicy?: 'AS_SOON_AS_POSSIBLE' | 'IN_ORDER';
  taskSpec: {
    runnables: BatchRunnable[];
    computeResource?: {
      cpuMilli?: number | string;
      memoryMib?: number | string;
      bootDiskMib?: number | string;
    };
    maxRunDuration?: string;
    maxRetryCount?: number;
    lifecyclePolicies?: {
      action: 'RETRY_TASK' | 'FAIL_TASK';
      actionCondition: { exitCodes: number[] };
    }[];
    environment?: BatchEnvironment;
  };
}

export interface BatchRunnable {
  container?: {
    imageUri: string;
    commands?: string[];
    entrypoint?: string;
    volumes?: string[];
    options?: string;
    enableImageStreaming?: boolean;
  };
  script?: { text?: string; path?: string };
  barrier?: { name?: string };
  ignoreExitStatus?: boolean;
  background?: boolean;
  alwaysRun?: boolean;
  environment?: BatchEnvironment;
  timeout?: string;
}

export interface BatchEnvironment {
  variables?: Record<string, string>;
  secretVariables?: Record<string, string>;
}
