output "settings" {
  description = "The lines of k8s/overlays/eks/settings.env that AWS knows: `scripts/eks/settings` writes them there."
  value = {
    ACCOUNT = var.account
    REGION  = var.region
    CLUSTER = aws_eks_cluster.this.name
    HOST    = var.host
  }
}

output "roles" {
  description = "IAM roles by the service account that takes them."
  value       = { for key, role in aws_iam_role.service_account : key => role.arn }
}

output "github_roles" {
  description = "What the repository's variables AWS_BUILD_ROLE and AWS_DEPLOY_ROLE are set to."
  value       = { for key, role in aws_iam_role.github : key => role.arn }
}

output "interruption_queue" {
  description = "The name that Karpenter's chart is given as settings.interruptionQueue."
  value       = aws_sqs_queue.interruptions.name
}

output "database_host" {
  description = "Where PostgreSQL answers, inside the VPC alone."
  value       = aws_db_instance.this.address
}
