# What you must say. Everything else has a default, in sizes.tf.

variable "account" {
  description = "The AWS account that everything is made in; with another one's credentials nothing is done."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "An AWS account is twelve digits."
  }
}

variable "region" {
  description = "The AWS region, such as eu-central-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region looks like eu-central-1."
  }
}

variable "host" {
  description = "The public host of the web UI and the API, such as mesh.example.org."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.host))
    error_message = "The host must be a full domain name in lower case, without https:// and without a path."
  }
}

variable "zone_id" {
  description = "The hosted zone in Route 53 that the host lies in. Empty: DNS is elsewhere, and neither ExternalDNS nor DNS-01 gets a role."
  type        = string
  default     = ""

  validation {
    condition     = var.zone_id == "" || can(regex("^Z[A-Z0-9]{4,31}$", var.zone_id))
    error_message = "A hosted zone's id begins with Z and has capital letters and digits only."
  }
}

variable "admin_networks" {
  description = "Whose addresses may reach the cluster's public API endpoint, as CIDRs: your office, your VPN, your CI runners."
  type        = list(string)

  validation {
    condition     = length(var.admin_networks) > 0 && alltrue([for one in var.admin_networks : can(cidrhost(one, 0))])
    error_message = "Name at least one network, each as a CIDR such as 203.0.113.7/32."
  }
  validation {
    condition     = alltrue([for one in var.admin_networks : tonumber(split("/", one)[1]) >= 8])
    error_message = "The cluster's API is not opened to the whole world: no network wider than /8."
  }
}

variable "admin_roles" {
  description = "ARNs of the IAM roles whose people administer the cluster (access entries with AmazonEKSClusterAdminPolicy)."
  type        = list(string)

  validation {
    condition     = length(var.admin_roles) > 0 && alltrue([for one in var.admin_roles : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", one))])
    error_message = "Name at least one role by its ARN, or nobody can reach the cluster."
  }
}

variable "alarm_email" {
  description = "Who is told when the month's money runs out."
  type        = string

  validation {
    condition     = can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", var.alarm_email))
    error_message = "This must be an e-mail address."
  }
}

variable "month_usd" {
  description = "What a month may cost on AWS (Claude's tokens are not AWS money); the alarm comes at 80 % spent and at 100 % forecast."
  type        = number

  validation {
    condition     = var.month_usd > 0
    error_message = "A budget is more than nothing; COSTS.md says what to expect."
  }
}

variable "github_repository" {
  description = "owner/name of the repository whose workflows may push images and deploy. Empty: no role for GitHub is made."
  type        = string
  default     = ""

  validation {
    condition     = var.github_repository == "" || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "This must be owner/name, without an address around it."
  }
}
