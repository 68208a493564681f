terraform {
  # 1.11: values that are written and never kept in the state (`_wo`), and the state's lock as a file in S3.
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # Where the state lies comes from a file of yours: `terraform init -backend-config=state.config`; see README.md.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]

  default_tags {
    tags = local.tags
  }
}
