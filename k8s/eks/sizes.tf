# What has a default: names, versions and sizes. COSTS.md says what they cost.

variable "name" {
  description = "The cluster's name; everything made here begins with it."
  type        = string
  default     = "prompt2mesh"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "3 to 30 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "kubernetes_version" {
  description = "EKS has 1.35 in standard support until 27 March 2027; raise it one minor version at a time."
  type        = string
  default     = "1.35"

  validation {
    condition     = can(regex("^1\\.(3[4-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "A minor version from 1.34 on, such as 1.35."
  }
}

variable "addon_versions" {
  description = "Versions of EKS add-ons by name, such as { coredns = \"v1.12.4-eksbuild.1\" }. What is not named gets EKS' default for the cluster's version."
  type        = map(string)
  default     = {}
}

variable "vpc_cidr" {
  description = "The network. Pods get addresses of the private subnets: a /16 has room for 24,000 nodes and pods together."
  type        = string
  default     = "10.42.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]), 0) <= 18 && try(tonumber(split("/", var.vpc_cidr)[1]), 0) >= 16
    error_message = "A CIDR between /16 and /18."
  }
}

variable "single_nat_gateway" {
  description = "One NAT gateway for all zones: a third of the money, and one zone's failure cuts everybody off."
  type        = bool
  default     = false
}

variable "general_nodes" {
  description = "Nodes of API, UI, runners and controllers, on demand. Karpenter itself runs here, so they are not Karpenter's."
  type = object({
    instance_types = list(string)
    min            = number
    max            = number
  })
  default = { instance_types = ["m7i.large", "m7a.large", "m6i.large"], min = 3, max = 9 }

  validation {
    condition     = var.general_nodes.min >= 2 && var.general_nodes.max >= var.general_nodes.min
    error_message = "At least 2 nodes, and max not below min."
  }
}

variable "blender_nodes" {
  description = "The fall-back group of spot nodes for Blender, beside Karpenter's: min 0 costs nothing while Karpenter works."
  type = object({
    instance_types = list(string)
    min            = number
    max            = number
  })
  default = { instance_types = ["c7i.2xlarge", "c7a.2xlarge", "c6i.2xlarge", "m7i.2xlarge"], min = 0, max = 10 }

  validation {
    condition     = length(var.blender_nodes.instance_types) >= 3 && var.blender_nodes.max >= var.blender_nodes.min
    error_message = "Spot needs at least 3 types to choose from, and max not below min."
  }
}

variable "database" {
  description = "RDS PostgreSQL. `connections` is max_connections: every API process opens at most 28, every runner at most 20 (README)."
  type = object({
    version        = string
    instance_class = string
    storage_gib    = number
    storage_max    = number
    multi_az       = bool
    backup_days    = number
    connections    = number
  })
  default = {
    version        = "18"
    instance_class = "db.m7g.large"
    storage_gib    = 50
    storage_max    = 1000
    multi_az       = true
    backup_days    = 14
    connections    = 600
  }

  validation {
    condition     = can(regex("^1[78](\\.[0-9]+)?$", var.database.version))
    error_message = "PostgreSQL 17 or 18; the tests run 18."
  }
  validation {
    condition     = var.database.backup_days >= 7 && var.database.backup_days <= 35
    error_message = "Backups, and with them any point in time, are kept from 7 to 35 days."
  }
  validation {
    condition     = var.database.storage_gib >= 20 && var.database.storage_max > var.database.storage_gib
    error_message = "At least 20 GiB, and room to grow."
  }
}

variable "keep_data" {
  description = "Database, bucket, images and keys cannot be deleted while this is true. scripts/eks/tear-down says when to change it."
  type        = bool
  default     = true
}

variable "artifacts_prefix" {
  description = "Where in the bucket the artifacts lie; API and runners may touch nothing beside it."
  type        = string
  default     = "artifacts"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]*$", var.artifacts_prefix))
    error_message = "One name of small letters, digits and dashes."
  }
}

variable "versions_kept_days" {
  description = "How long S3 keeps what was deleted or replaced. It is also how long an erased account's files can still be brought back by an administrator of the account."
  type        = number
  default     = 7

  validation {
    condition     = var.versions_kept_days >= 1 && var.versions_kept_days <= 90
    error_message = "From 1 to 90 days."
  }
}

variable "logs_kept_days" {
  description = "How long CloudWatch keeps the control plane's audit log and the network's flow log."
  type        = number
  default     = 90

  validation {
    condition     = contains([30, 60, 90, 180, 365, 400, 731], var.logs_kept_days)
    error_message = "One of 30, 60, 90, 180, 365, 400, 731."
  }
}

locals {
  cluster   = var.name
  zones     = slice(data.aws_availability_zones.here.names, 0, 3)
  partition = data.aws_partition.here.partition
  tags      = { project = "prompt2mesh", cluster = var.name, "managed-by" = "terraform" }
  # Namespaces and service accounts are those of k8s/base; see service_accounts.tf.
  backend_namespace = "prompt2mesh"
}

data "aws_partition" "here" {}

data "aws_availability_zones" "here" {
  #checkov:skip=CKV_AWS_394:The first three by name are taken; a zone that AWS adds comes last.
  state = "available"

  filter { # no local zones: they have neither EKS nor RDS
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}
